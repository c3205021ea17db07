package pickle_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type outcome struct {
	Err  error
	More []error
}

type codeError struct {
	Code int
	Err  error
}

func (e *codeError) Error() string { return fmt.Sprintf("code %d: %v", e.Code, e.Err) }

func (e *codeError) Unwrap() error { return e.Err }

// timeoutError has a word in what it is, and a text for Python.
type timeoutError struct{ after int }

func (e timeoutError) Error() string      { return fmt.Sprintf("nothing for %d s", e.after) }
func (e timeoutError) PythonText() string { return "timed out" }
func (e timeoutError) Is(target error) bool {
	return target == context.DeadlineExceeded || target == errFull
}

var errFull = errors.New("queue: full")

func init() {
	pickle.Register[outcome]()
	pickle.Register[codeError]()
	pickle.RegisterError("pickle_test.errFull", errFull)
}

// Errors travel: sentinels as themselves, registered types as they are, and all
// others by a carrier that keeps text, causes and what they match.
func TestErrors(t *testing.T) {
	plain := errors.New("plain")
	_, missing := os.Open("/does/not/exist")
	v := outcome{
		Err: fmt.Errorf("outer: %w", &codeError{7, fmt.Errorf("inner: %w", io.EOF)}),
		More: []error{
			nil, io.EOF, context.Canceled, context.DeadlineExceeded, errFull, missing, plain, plain,
			timeoutError{3},
			errors.Join(fs.ErrExist, plain, errors.Join(io.ErrClosedPipe)), errors.Join(),
		},
	}
	x, err := pickle.Unmarshal(message(t, v))
	require.NoError(t, err)
	got := x.(outcome)

	assert.EqualError(t, got.Err, v.Err.Error())
	assert.ErrorIs(t, got.Err, io.EOF)
	var code *codeError
	require.ErrorAs(t, got.Err, &code)
	assert.Equal(t, 7, code.Code)
	var carried *pickle.CarriedError
	require.ErrorAs(t, got.Err, &carried)
	assert.Equal(t, "*fmt.wrapError", carried.Type)

	require.Len(t, got.More, len(v.More))
	for i, e := range v.More {
		if e == nil {
			assert.NoError(t, got.More[i])
			continue
		}
		assert.EqualError(t, got.More[i], e.Error())
		for _, sentinel := range []error{io.EOF, context.Canceled, context.DeadlineExceeded, errFull, fs.ErrNotExist, fs.ErrExist, io.ErrClosedPipe} {
			assert.Equal(t, errors.Is(e, sentinel), errors.Is(got.More[i], sentinel), "%v is %v", e, sentinel)
		}
	}
	for i := 1; i <= 4; i++ {
		assert.True(t, got.More[i] == v.More[i], "a sentinel is itself")
	}
	var path *fs.PathError
	require.ErrorAs(t, got.More[5], &path)
	assert.Equal(t, "/does/not/exist", path.Path)
	assert.Same(t, got.More[6], got.More[7], "one error stays one")
	assert.Equal(t, "timed out", got.More[8].(interface{ PythonText() string }).PythonText())
	assert.Equal(t, "plain", got.More[6].(interface{ PythonText() string }).PythonText())

	// A carrier is carried on as it is.
	again := roundTrip(t, got).(outcome)
	assert.ErrorIs(t, again.More[8], context.DeadlineExceeded)
}

// In an any the type of a value is part of it, so nothing stands in for it unless
// the sender says so.
func TestCarry(t *testing.T) {
	_, err := pickle.Marshal([]any{errors.New("boom")})
	require.ErrorContains(t, err, "send pickle.Carry(err), which keeps its text and causes")
	got := roundTrip(t, []any{pickle.Carry(errors.New("boom"))}).([]any)
	assert.EqualError(t, got[0].(error), "boom")

	assert.NoError(t, pickle.Carry(nil))
	assert.True(t, pickle.Carry(io.EOF) == io.EOF)
	coded := &codeError{1, io.EOF}
	assert.Same(t, coded, pickle.Carry(coded))
	assert.ErrorIs(t, pickle.Carry(fmt.Errorf("x: %w", io.EOF)), io.EOF)
	assert.ErrorContains(t, pickle.Carry(rude{}), "panicked: no text")
	roundTrip(t, map[string]any{"sentinel": io.EOF, "other": context.Canceled})
}

type rude struct{}

func (rude) Error() string { panic("no text") }

// A registered type that cannot travel after all is an error, not a carrier: the
// program said that this type travels.
type broken struct{ hidden int }

func (b *broken) Error() string { return fmt.Sprint("broken ", b.hidden) }

type endless struct{ n int }

func (e endless) Error() string { return "endless" }
func (e endless) Unwrap() error { return endless{e.n + 1} }

func TestCarryRefused(t *testing.T) {
	_, err := pickle.Marshal(outcome{Err: rude{}})
	assert.ErrorContains(t, err, "at outcome.Err: it cannot be carried: a method of the error panicked: no text")
	pickle.Register[broken]()
	_, err = pickle.Marshal(outcome{Err: &broken{}})
	assert.ErrorContains(t, err, "its field hidden is unexported")
	_, err = pickle.Marshal(outcome{Err: endless{}})
	assert.ErrorContains(t, err, "nested deeper than 10000")
}

func TestRegisterErrorRules(t *testing.T) {
	other := errors.New("other")
	pickle.RegisterError("pickle_test.errFull", errFull)
	for _, f := range []func(){
		func() { pickle.RegisterError("x", nil) },
		func() { pickle.RegisterError("", other) },
		func() { pickle.RegisterError("io.EOF", other) },
		func() { pickle.RegisterError("eof", io.EOF) },
		func() { pickle.RegisterError("uncomparable", sliceError{}) },
	} {
		assert.Panics(t, f)
	}
}

type sliceError []int

func (sliceError) Error() string { return "slice" }

// An error that cannot be compared is carried without being looked up.
func TestUncomparableError(t *testing.T) {
	x, err := pickle.Unmarshal(message(t, []error{sliceError{1}, sliceError{}}))
	require.NoError(t, err)
	assert.EqualError(t, x.([]error)[0], "slice")
}

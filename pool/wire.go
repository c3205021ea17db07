package pool

import (
	"encoding/binary"
	"fmt"
	"reflect"

	"github.com/pygil/pygil/pipe/pickle"
)

// What travels between a pool and its worker, in messages of a connection that both
// alone have. Numbers are uvarints.
//
//	to the worker    count | jobs
//	a job            form | name, if it is not that of the job before | number, if there is
//	                 an observer | length | argument
//	to the pool      count | last | nanoseconds | answers
//	an answer        length | status | result, or failure
//
// What is long is not moved or copied for a length in front of it: there is room for one.
//
// The answers are those of the first jobs that are unanswered; last is 1 when the
// worker has no more of them, because it did all or the pool has taken the rest back.
// A count of 0 to the pool is the failure of the initializer.

// A form is how the items of a job are encoded.
type form byte

const (
	single  form = iota // one argument
	slice               // all arguments as one slice
	pieces              // a slice for each pieceItems of them, each after its length
	renamed form = 0x80 // a name follows
)

// pieceItems is how many items of a long chunk are encoded, decoded and done at a time,
// so that they are found in the processor's cache each time. What has an identity within
// a chunk would lose it between pieces: only numbers and strings come in pieces.
const pieceItems = 4096

// inPieces reports whether values of a type may come in pieces.
func inPieces[T any]() bool {
	k := reflect.TypeFor[T]().Kind()
	return k >= reflect.Bool && k <= reflect.Complex128 || k == reflect.String
}

// A status says what an answer is.
type status byte

const (
	good     status = iota // the result
	bad                    // a failure
	unsent                 // a failure: the result could not be encoded
	statuses               // how many there are
)

// A failure is an error on its way.
type failure struct {
	Type  string
	Text  string
	Stack string
	Panic bool
	Value string // of a result that cannot travel
	Err   error
}

func init() { pickle.Register[failure]("pool.failure") }

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

const (
	// headRoom is what there is room for before the jobs or answers of a message.
	headRoom = 2*binary.MaxVarintLen64 + 1
	// lengthRoom is what there is room for before an argument or an answer.
	lengthRoom = binary.MaxVarintLen32
)

// appendSized appends what fill appends, after its length.
func appendSized(dst []byte, fill func(dst []byte) ([]byte, error)) ([]byte, error) {
	mark := len(dst)
	dst = append(dst, make([]byte, lengthRoom)...)
	dst, err := fill(dst)
	if err != nil {
		return dst[:mark], err
	}
	body := dst[mark+lengthRoom:]
	n := len(body)
	if n >= 1<<14 { // the length takes all its room, and what follows stays where it is
		for i := range lengthRoom {
			dst[mark+i] = byte(n>>(7*i)) | 0x80
		}
		dst[mark+lengthRoom-1] &^= 0x80
		return dst, nil
	}
	k := binary.PutUvarint(dst[mark:], uint64(n))
	copy(dst[mark+k:], body)
	return dst[:mark+k+n], nil
}

// cutBytes takes what appendBytes appended off a message.
func cutBytes(data []byte) (b, rest []byte, err error) {
	n, k := binary.Uvarint(data)
	if k <= 0 || n > uint64(len(data)-k) {
		return nil, nil, errCut
	}
	return data[k : k+int(n)], data[k+int(n):], nil
}

// cutNumber takes a number off a message.
func cutNumber(data []byte) (n uint64, rest []byte, err error) {
	n, k := binary.Uvarint(data)
	if k <= 0 {
		return 0, nil, errCut
	}
	return n, data[k:], nil
}

var errCut = fmt.Errorf("pool: a message between pool and worker is cut")

// decodeInto decodes a value of whatever type into p, which may point to an
// interface.
func decodeInto[T any](data []byte, p *T) error {
	if reflect.TypeFor[T]().Kind() != reflect.Interface {
		return pickle.UnmarshalInto(data, p)
	}
	v, err := pickle.Unmarshal(data)
	if err != nil || v == nil {
		return err
	}
	x, ok := v.(T)
	if !ok {
		return misuse("", "a worker returned a %T, want %s", v, reflect.TypeFor[T]())
	}
	*p = x
	return nil
}

// decodeAnswer takes an answer apart; result decodes the result.
func decodeAnswer(answer []byte, result func(data []byte) error) error {
	if len(answer) == 0 || answer[0] >= byte(statuses) {
		return errCut
	}
	if status(answer[0]) == good {
		if err := result(answer[1:]); err != nil {
			return &EncodingError{Where: "here", Value: "the result", Reason: err.Error(), Err: err}
		}
		return nil
	}
	return decodeFailure(answer)
}

// decodeFailure makes the error of an answer that is one.
func decodeFailure(answer []byte) error {
	var f failure
	if err := pickle.UnmarshalInto(answer[1:], &f); err != nil {
		return &EncodingError{Where: "here", Value: "the error", Reason: err.Error(), Err: err}
	}
	if status(answer[0]) == unsent {
		return &EncodingError{Where: "in the worker", Value: f.Value, Reason: f.Text, Err: f.Err}
	}
	if f.Panic {
		return &PanicError{Value: f.Text, Stack: f.Stack}
	}
	return &RemoteError{Type: f.Type, Text: f.Text, Stack: f.Stack, Err: f.Err}
}

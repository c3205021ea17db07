package process_test

import (
	"errors"
	"io"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
)

var suiteMemory = process.DefineTarget("suite.memory", func(t *gil.Thread, m *process.SharedMemory) error {
	b := []byte{0}
	if _, err := m.ReadAt(b, 0); err != nil {
		return err
	}
	b[0]++
	_, err := m.WriteAt(b, 0)
	return errors.Join(err, m.Close())
})

func suiteBlock(t *gil.Thread, name string, size int) *process.SharedMemory {
	return got[*process.SharedMemory](t)(process.NewSharedMemory(t, name, size))
}

var memoryCases = []suiteCase{
	{name: "SH-1 misuse", run: func(t *gil.Thread) {
		for text, err := range map[string]error{
			"'size' must be a positive integer":                    second(process.NewSharedMemory(t, "", -1)),
			"'size' must be a positive number different from zero": second(process.NewSharedMemory(t, "x", 0)),
			"'name' can only be None if create=True":               second(process.OpenSharedMemory(t, "")),
			"embedded null character":                              second(process.NewSharedMemory(t, "a\x00b", 1)),
		} {
			var v *process.ValueError
			require.ErrorAs(t, err, &v)
			require.Equal(t, text, v.PythonText())
		}
		require.ErrorIs(t, second(process.OpenSharedMemory(t, "pygil-suite-none")), fs.ErrNotExist)
		m := suiteBlock(t, "pygil-suite-name", 3)
		require.ErrorIs(t, second(process.NewSharedMemory(t, "pygil-suite-name", 3)), fs.ErrExist)
		require.NoError(t, m.Unlink())
		require.NoError(t, m.Close())
	}},
	{name: "SH-2 SH-3 life", run: func(t *gil.Thread) {
		m := suiteBlock(t, "", 1000)
		require.Regexp(t, `^psm_[0-9a-g]{8}$`, m.Name())
		require.Equal(t, 1000, m.Size())
		other := got[*process.SharedMemory](t)(process.OpenSharedMemory(t, "/"+m.Name()))
		require.Equal(t, m.String(), other.String())
		n, err := other.WriteAt([]byte("hello"), 997)
		require.Equal(t, 3, n)
		require.ErrorIs(t, err, io.ErrShortWrite)
		p := make([]byte, 5)
		n, err = m.ReadAt(p, 997)
		require.Equal(t, "hel", string(p[:n]))
		require.ErrorIs(t, err, io.EOF)
		require.Error(t, second(m.ReadAt(p, -1)))
		require.NoError(t, m.Unlink())
		require.ErrorIs(t, m.Unlink(), fs.ErrNotExist)
		require.ErrorIs(t, second(process.OpenSharedMemory(t, m.Name())), fs.ErrNotExist)
		require.Equal(t, "hel", string(other.Buf()[997:]), "the contents live until the last map is gone")
		require.NoError(t, other.Close())
		require.NoError(t, other.Close())
		require.Nil(t, other.Buf())
		require.Equal(t, 1000, other.Size())
		require.ErrorIs(t, second(other.WriteAt(p, 0)), process.ErrClosed)
		require.NoError(t, m.Close())
	}},
	{name: "SH-4 SH-6 SH-7 who attaches and ends destroys nothing", run: func(t *gil.Thread) {
		m := suiteBlock(t, "", 8)
		for range 2 {
			ends(t, got[*process.Process](t)(suiteMemory.Start(t, m)), 0)
		}
		require.Equal(t, []byte{2, 0, 0, 0, 0, 0, 0, 0}, m.Buf())
		require.NoError(t, m.Unlink())
		require.NoError(t, m.Close())
	}},
	{name: "SH-4 a name that is gone", run: func(t *gil.Thread) {
		m := suiteBlock(t, "", 8)
		require.NoError(t, m.Unlink())
		ends(t, got[*process.Process](t)(suiteMemory.Start(t, m)), 1)
		require.NoError(t, m.Close())
	}},
}

func second[T any](_ T, err error) error { return err }

// Every line of section 7.2 that has a meaning in both worlds.
func TestSuiteMemory(t *testing.T) { runSuite(t, memoryCases) }

// Nobody orders what processes do with shared memory: the explorer finds the update
// that is lost, and the half of a text that was being written.
func TestVirtualMemoryRaces(t *testing.T) {
	lost := func(t *gil.Thread) {
		m := suiteBlock(t, "", 8)
		p, q := got[*process.Process](t)(suiteMemory.Start(t, m)), got[*process.Process](t)(suiteMemory.Start(t, m))
		ends(t, p, 0)
		ends(t, q, 0)
		require.EqualValues(t, 2, m.Buf()[0])
	}
	torn := func(t *gil.Thread) {
		m := suiteBlock(t, "", 16)
		p := got[*process.Process](t)(suiteText.Start(t, m))
		b := make([]byte, 16)
		require.NoError(t, second(m.ReadAt(b, 0)))
		require.Contains(t, []string{"0123456789abcdef", string(make([]byte, 16))}, string(b))
		require.NoError(t, p.Join(t))
	}
	for _, program := range []func(t *gil.Thread){lost, torn} {
		f := explore.Find(program)
		require.NotNil(t, f)
		assert.Equal(t, explore.Assertion, f.Kind)
		assert.NotNil(t, explore.Replay(program, f.Schedule))
	}
}

var suiteText = process.DefineTarget("suite.text", func(t *gil.Thread, m *process.SharedMemory) error {
	return second(m.WriteAt([]byte("0123456789abcdef"), 0))
})

// The names of a run are its own.
func TestVirtualMemoryNames(t *testing.T) {
	var outside *process.SharedMemory
	for range 2 {
		require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
			outside = suiteBlock(t, "name", 1)
			require.Equal(t, "psm_g0000001", suiteBlock(t, "", 1).Name())
		}))
		require.ErrorContains(t, second(outside.WriteAt([]byte{1}, 0)), "has ended")
	}
	require.ErrorIs(t, second(process.OpenSharedMemory(t.Context(), "name")), fs.ErrNotExist)
}

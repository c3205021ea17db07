package pickle_test

import (
	"bytes"
	"flag"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// pythonValues is how many random values the differential tests send in all, half of them
// made by Go and half by Python.
var pythonValues = flag.Int("python.values", 20_000, "random values that are sent to Pythons and back")

// each is how many of them one version gets in one direction.
func each() int {
	n := *pythonValues / (2 * max(1, len(pythons())))
	if testing.Short() {
		n = min(n, 100)
	}
	return max(n, 10)
}

// What Go makes comes back from Python as it was, whatever protocol Python
// answers in, to the sharing in it.
func TestPythonSendsBack(t *testing.T) {
	withPythons(t, func(t *testing.T, p peer) {
		if p.minor < 304 {
			return // reads no protocol 4
		}
		n := each()
		var stream []byte
		sent := make([]any, n)
		for i := range sent {
			sent[i] = newMaker(uint64(i)).value(0)
			data, err := pickle.Python.Append(nil, sent[i])
			require.NoError(t, err)
			stream = appendPickle(stream, data)
		}
		back := pickles(t, p.run(t, stream, "back"))
		require.Len(t, back, n)
		for i, data := range back {
			got, err := pickle.Python.Unmarshal(data)
			require.NoError(t, err, "value %d: %v", i, sent[i])
			require.Empty(t, unlike(sent[i], got), "value %d: %v", i, sent[i])
		}
	})
}

// What Python makes comes back from Go as it was, to the sharing in it. Python
// compares.
func TestPythonGetsBack(t *testing.T) {
	withPythons(t, func(t *testing.T, p peer) {
		n := strconv.Itoa(each())
		var stream []byte
		for i, data := range pickles(t, p.run(t, nil, "make", "1", n)) {
			v, err := pickle.Python.Unmarshal(data)
			require.NoError(t, err, "value %d: %q", i, data)
			again, err := pickle.Python.Append(nil, v)
			require.NoError(t, err, "value %d: %v", i, v)
			stream = appendPickle(stream, again)
			// And what we write we read.
			same, err := pickle.Python.Unmarshal(again)
			require.NoError(t, err)
			require.Empty(t, unlike(v, same), "value %d: %v", i, v)
		}
		if p.minor < 304 {
			return
		}
		assert.Equal(t, "0 differ\n", string(p.run(t, stream, "check", "1", n)))
	})
}

// CPython's own unpickling runs what the sender names; the same message makes nothing
// run here.
func TestPythonRunsWhatItIsSent(t *testing.T) {
	withPythons(t, func(t *testing.T, p peer) {
		folder := filepath.Join(t.TempDir(), "made")
		message := []byte("cos\nmkdir\n(S'" + folder + "'\ntR.")
		_, err := pickle.Python.Unmarshal(message)
		assert.ErrorContains(t, err, "os.mkdir, which is not allowed here")
		assert.NoDirExists(t, folder)
		cmd := exec.Command(p.path, "-c", "import pickle, sys; pickle.load(getattr(sys.stdin, 'buffer', sys.stdin))")
		cmd.Stdin = bytes.NewReader(message)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.DirExists(t, folder)
	})
}

// Python's own texts of our values are those of Repr.
func TestPythonTypes(t *testing.T) {
	v, err := pickle.Python.Unmarshal([]byte("\x80\x04\x8f\x94(K\x01K\x02\x90."))
	require.NoError(t, err)
	assert.Equal(t, "{1, 2}", v.(*pickle.Set).String())
	assert.True(t, bytes.HasPrefix(must(pickle.Python.Append(nil, []any{1})), []byte("\x80\x04]\x94K\x01a.")))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

package cli_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// perform is what a story writes, with its error.
func perform(t *testing.T, story func(s *cli.Show), args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := cli.Perform(&out, "story", args, story)
	return out.String(), err
}

func TestFlags(t *testing.T) {
	var seen cli.Show
	look := func(s *cli.Show) { seen = *s }
	text, err := perform(t, look)
	require.NoError(t, err)
	assert.Equal(t, "story: Python 3.13, 4 cores, seed 1, simulated time\n\n", text)
	assert.False(t, seen.Given("profile"))

	text, err = perform(t, look, "-profile", "3.13t", "-cores", "2", "-seed", "7")
	require.NoError(t, err)
	assert.Equal(t, "story: Python 3.13t, 2 cores, seed 7, simulated time\n\n", text)
	assert.Equal(t, gil.CPython313T, seen.Python)
	assert.Equal(t, 2, seen.Cores)
	assert.Equal(t, uint64(7), seen.Seed)
	assert.False(t, seen.Live)
	assert.True(t, seen.Given("profile"))
	assert.False(t, seen.Given("live"))

	text, err = perform(t, look, "-live")
	require.NoError(t, err)
	assert.Equal(t, "story: Python 3.13, real cores, real time\n\n", text)
	assert.True(t, seen.Live)
}

func TestDefaults(t *testing.T) {
	defaults := []cli.Default{cli.Python(gil.CPython27), cli.Cores(3), cli.Seed(9)}
	var out bytes.Buffer
	require.NoError(t, cli.Perform(&out, "story", []string{"-seed", "2"}, func(*cli.Show) {}, defaults...))
	assert.Equal(t, "story: Python 2.7, 3 cores, seed 2, simulated time\n\n", out.String())
	s := cli.New(&out, defaults...)
	assert.Equal(t, uint64(9), s.Seed)
	assert.Equal(t, 5, s.On(5).Cores)
	assert.Equal(t, uint64(4), s.Seeded(4).Seed)
	assert.Equal(t, gil.PyPy, s.Under(gil.PyPy).Python)
	assert.Equal(t, gil.CPython27, s.Python, "the show itself is what it was")
}

// What is wrong with a command line is said, and the story not told.
func TestWrongFlags(t *testing.T) {
	stderr := os.Stderr
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	os.Stderr = null // where package flag explains
	defer func() { os.Stderr = stderr; _ = null.Close() }()
	for _, args := range [][]string{{"-profile", "4.0"}, {"-cores", "0"}, {"-seed", "x"}, {"more"}, {"-what"}} {
		text, err := perform(t, func(*cli.Show) { t.Error("told") }, args...)
		assert.Error(t, err, args)
		assert.Empty(t, text)
	}
	_, err = perform(t, func(*cli.Show) { t.Error("told") }, "-h")
	assert.ErrorIs(t, err, flag.ErrHelp)
}

// A flag that means nothing is refused with the reason, and only when it is given.
func TestFixed(t *testing.T) {
	told := 0
	story := func(s *cli.Show) {
		s.Fixed("there is one core", "cores", "seed")
		told++
	}
	text, err := perform(t, story, "-cores", "2")
	assert.EqualError(t, err, "-cores has no meaning here: there is one core")
	assert.Contains(t, text, "-cores has no meaning here: there is one core\n")
	_, err = perform(t, story, "-profile", "3.9")
	assert.NoError(t, err)
	assert.Equal(t, 1, told)
}

func TestSimulatedOnly(t *testing.T) {
	story := func(s *cli.Show) {
		s.Simulated()
		s.Printf("told\n")
	}
	text, err := perform(t, story, "-live")
	require.NoError(t, err)
	assert.Contains(t, text, "leave -live out")
	assert.NotContains(t, text, "told")
	text, err = perform(t, story)
	require.NoError(t, err)
	assert.Contains(t, text, "told")
}

// An error ends the story, wherever it comes from; a panic is nobody's error.
func TestErrors(t *testing.T) {
	bad := errors.New("bad")
	_, err := perform(t, func(s *cli.Show) { s.Check(bad); t.Error("went on") })
	assert.ErrorIs(t, err, bad)
	_, err = perform(t, func(s *cli.Show) {
		s.Run(func(t *gil.Thread) { panic("boom") }, gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {}))
		t.Error("went on")
	})
	assert.ErrorContains(t, err, "boom")
	_, err = perform(t, func(s *cli.Show) {
		s.Run(func(*gil.Thread) { s.Check(bad) })
		t.Error("went on")
	})
	assert.Equal(t, bad, err, "not as an exception of the thread")
	assert.Panics(t, func() { _, _ = perform(t, func(*cli.Show) { panic("boom") }) })
	err = cli.Perform(full{}, "story", nil, func(s *cli.Show) { t.Error("told") })
	assert.ErrorContains(t, err, "full")
}

// full is where nothing can be written.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

// work is two threads that compute for 100 ms each.
func work(t *gil.Thread) {
	do := func(t *gil.Thread) { t.Compute(100 * time.Millisecond) }
	gil.JoinAll(t, t.Go("a", do), t.Go("b", do))
}

func TestAccounts(t *testing.T) {
	var out bytes.Buffer
	s := cli.New(&out)
	a := s.Run(work)
	assert.Equal(t, 200*time.Millisecond, a.Took)
	assert.Equal(t, "par 1, conc 2", a.String())
	assert.Equal(t, 200*time.Millisecond, a.Stats.Held)
	assert.Nil(t, a.Timeline)
	assert.InDelta(t, 0.25, a.Utilisation, 0.001)

	assert.Len(t, s.Watch(work).Timeline.Lanes, 3)
	assert.Equal(t, "par 2, conc 2", s.Under(gil.FromRule(gil.None())).Run(work).String())
	failed := s.Try(func(*gil.Thread) { panic("boom") })
	assert.ErrorContains(t, failed.Err, "boom")
	assert.Empty(t, out.String(), "no traceback on the screen")
	s.Run(func(t *gil.Thread) { t.Print("hello") })
	assert.Equal(t, "hello\n", out.String())
	assert.Same(t, &out, s.Out())
}

// For real nothing is asserted that takes time: who was there is counted.
func TestLive(t *testing.T) {
	var a cli.Account
	_, err := perform(t, func(s *cli.Show) { a = s.Run(work) }, "-live")
	require.NoError(t, err)
	assert.Positive(t, a.Took)
	assert.Positive(t, a.Par)
	assert.Positive(t, a.Conc)
}

// Each run of a story has a file of its own, in the format that the name asks for.
func TestTraces(t *testing.T) {
	for ext, begins := range map[string]string{"json": "{", "jsonl": "{", "svg": "<svg", "txt": "Python 3.13"} {
		name := filepath.Join(t.TempDir(), "run."+ext)
		_, err := perform(t, func(s *cli.Show) {
			s.Run(work)
			s.Run(work)
		}, "-trace", name)
		require.NoError(t, err)
		for _, file := range []string{name, filepath.Join(filepath.Dir(name), "run-2."+ext)} {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Contains(t, string(text[:min(len(text), 200)]), begins, file)
		}
	}
	_, err := perform(t, func(s *cli.Show) { s.Run(work) }, "-trace", filepath.Join(t.TempDir(), "no", "where"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func ExampleExample() {
	cli.Example("story", func(s *cli.Show) { s.Printf("told   \n") })
	// Output:
	// story: Python 3.13, 4 cores, seed 1, simulated time
	//
	// told
}

// What is many or long is not written; what the Python has not is left in the account.
func TestUntracedAndAttempt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "run.txt")
	var missing error
	_, err := perform(t, func(s *cli.Show) {
		s.Untraced().Run(work)
		assert.NoFileExists(t, name)
		s.Run(work)
		missing = s.Attempt(func(t *gil.Thread) {
			if _, err := asyncio.NewRunner(t); err != nil {
				panic(err)
			}
		}).Err
	}, "-trace", name, "-profile", "2.7")
	require.NoError(t, err)
	assert.FileExists(t, name)
	var unavailable *asyncio.UnavailableError
	assert.ErrorAs(t, missing, &unavailable)
}

// Without waking up that takes time the GIL up to 3.1 would hardly change hands.
func TestOldGIL(t *testing.T) {
	text, err := perform(t, func(s *cli.Show) {
		a := s.Run(work)
		assert.Greater(t, a.Stats.Switches, int64(1_000))
	}, "-profile", "2.7")
	require.NoError(t, err, text)
}

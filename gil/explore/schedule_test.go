package explore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

func TestScheduleText(t *testing.T) {
	s := explore.Schedule{
		Deviations:  []explore.Deviation{{Thread: "0", Op: 3, Instead: "2.1"}, {Thread: "2.1", Op: 1, Instead: explore.Clock}},
		Fingerprint: 0x9f3c2a10, Kind: explore.Deadlock,
	}
	require.Equal(t, "gil1:0@3>2.1,2.1@1>~/9f3c2a10/deadlock", s.String())
	require.Equal(t, "gil1:-", explore.Schedule{}.String())
	draws := explore.Schedule{Deviations: []explore.Deviation{{Thread: "0", Op: 3, Instead: "#1"}, {Thread: "0", Op: 3, Instead: "2#7"}}}
	require.Equal(t, "gil2:0@3>#1,0@3>2#7", draws.String())
	for _, text := range []string{s.String(), "gil1:-", "  gil1:-/00000001/panic\n", draws.String()} {
		back, err := explore.ParseSchedule(text)
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(text), back.String())
	}
}

// TestScheduleTextGenerated has schedules of any length survive their text, which
// for long ones is packed.
func TestScheduleTextGenerated(t *testing.T) {
	path := rapid.StringMatching(`(0|[1-9][0-9]{0,2})(\.[1-9][0-9]?){0,2}`)
	rapid.Check(t, func(t *rapid.T) {
		s := explore.Schedule{Kind: explore.Kind(rapid.IntRange(0, 9).Draw(t, "kind")), Fingerprint: rapid.Uint32Min(1).Draw(t, "fingerprint")}
		for range rapid.IntRange(0, 60).Draw(t, "length") {
			s.Deviations = append(s.Deviations, explore.Deviation{
				Thread: path.Draw(t, "thread"), Op: rapid.IntRange(1, 100_000).Draw(t, "op"), Instead: rapid.OneOf(path, rapid.Just("~"), rapid.StringMatching(`([2-9]|[1-9][0-9])?#(0|[1-9][0-9]?)`)).Draw(t, "instead"),
			})
		}
		back, err := explore.ParseSchedule(s.String())
		require.NoError(t, err)
		require.Equal(t, s, back)
	})
}

func TestScheduleErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "does not begin with gil1",
		"gil3:-":               "does not begin with gil1 or gil2",
		"gil2-":                "after gil2 a colon is missing",
		"gil2:0@1>#":           "no draw",
		"gil2:0@1>#-1":         "no draw",
		"gil2:0@1>1#1":         "no draw",
		"gil2:0@1>0#1":         "no draw",
		"gil2:0@1>#01":         "no draw",
		"gil2:0@1>2#3#4":       "no draw",
		"gil1-":                "a colon is missing",
		"gil1:0@1":             "not of the form",
		"gil1:0>1":             "not of the form",
		"gil1:0@x>1":           "not the number of an operation",
		"gil1:0@0>1":           "counted from 1",
		"gil1:a@1>1":           "no thread path",
		"gil1:01@1>1":          "no thread path",
		"gil1:0@1>":            "no thread path",
		"gil1:-/xyz":           "fingerprint",
		"gil1:-/1/sunburn":     "no kind of failure",
		"gil1:-/1/none":        "no kind of failure",
		"gil1:-/1/panic/panic": "at most 3",
		"gil1z!!":              "damaged",
		"gil1zAA_AAA":          "damaged",
	} {
		_, err := explore.ParseSchedule(text)
		require.ErrorContains(t, err, want, text)
		require.ErrorContains(t, err, "explore: ", text)
	}
}

func FuzzParseSchedule(f *testing.F) {
	f.Add("gil1:0@3>2.1,2.1@1>~/9f3c2a10/deadlock")
	f.Add("gil2:0@3>#1,0@3>2#4/9f3c2a10")
	f.Add("gil1zAgEwATEAAgE/00000001")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := explore.ParseSchedule(text)
		if err != nil {
			return
		}
		back, err := explore.ParseSchedule(s.String())
		require.NoError(t, err)
		require.Equal(t, s, back)
	})
}

// TestStrictReplay: a program that is not the recorded one fails a strict replay and
// says why, and is replayed as far as it goes otherwise.
func TestStrictReplay(t *testing.T) {
	f := explore.Find(lostUpdate(2), explore.WithStrategy(explore.DPOR()))
	require.NotNil(t, f)
	edited := func(t *gil.Thread) {
		gil.NewVar("unrelated", 0).Store(t, 1)
		lostUpdate(2)(t)
	}
	again := explore.Replay(edited, f.Schedule)
	require.NotNil(t, again, "it survives an edit that does not matter to it")
	require.Equal(t, explore.Assertion, again.Kind)
	strict := explore.Replay(edited, f.Schedule, explore.WithStrictReplay())
	require.NotNil(t, strict)
	require.Equal(t, explore.Nondeterminism, strict.Kind)
	require.Nil(t, explore.Replay(counted(2), f.Schedule), "a bug that has been fixed")
}

// TestDeepPaths: each thread starts the next one. Paths that are written out would make
// the schedule grow with the square of that.
func TestDeepPaths(t *testing.T) {
	program := func(t *gil.Thread) {
		var next func(t *gil.Thread)
		next = func(t *gil.Thread) { t.Go("", next) }
		next(t)
	}
	for _, steps := range []int{200, 3_000} {
		f := explore.Find(program, explore.WithMaxSteps(steps), explore.Raw())
		require.NotNil(t, f)
		text := f.Schedule.String()
		require.Less(t, len(text), 50*steps)
		again, err := explore.ParseSchedule(text)
		require.NoError(t, err)
		require.Equal(t, f.Schedule, again)
		r := explore.Replay(program, again, explore.WithMaxSteps(steps))
		require.NotNil(t, r)
		require.Equal(t, f.Kind, r.Kind)
	}
}

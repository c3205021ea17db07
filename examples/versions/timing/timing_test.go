package timing_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/versions/timing"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// columns are those that were measured, and in long runs all; under the race detector,
// which all this shows nothing and where it takes ten times as long, one.
func columns() (cs []timing.Column) {
	for _, c := range timing.Columns() {
		switch {
		case raceDetector && c.Name() != "3.9":
		case testing.Short() && c.Name() != c.As:
		default:
			cs = append(cs, c)
		}
	}
	return cs
}

// Each cell is within a fifth of what was measured.
func TestCells(t *testing.T) {
	cells, least := 0, 50
	if raceDetector {
		least = 4
	}
	for _, table := range timing.Tables() {
		for _, r := range table.Rows {
			if raceDetector && !quick[r.Name] {
				continue
			}
			for _, c := range columns() {
				if want, ok := r.Want(c); ok {
					cells++
					got := r.Run(c.Profile, 0)
					assert.True(t, r.Agrees(c, got), "%s: %s under %v: want %v, got %v", table.Title, r.Name, c, want, got)
				}
			}
		}
	}
	assert.GreaterOrEqual(t, cells, least)
}

// quick are the rows that take little time, for the race detector.
var quick = map[string]bool{
	"1 thread computes": true, "sleep(2 ms), alone": true, "sleep(2 ms), next to a thread": true, "2 threads, switches that they see": true,
}

// Another seed is another run, and not much different.
func TestSeeds(t *testing.T) {
	tables := timing.Tables()
	if raceDetector {
		tables = tables[:0:0]
	}
	for _, table := range tables {
		for _, r := range table.Rows {
			for _, c := range columns() {
				if want, ok := r.Want(c); ok && c.As == "3.9" && c.Name() == "3.9" {
					got := r.Run(c.Profile, 1)
					assert.InDelta(t, want, got, math.Max(0.25*want, 0.25), "%s under %v", r.Name, c)
					assert.Equal(t, got, r.Run(c.Profile, 1), "the same run twice: %s", r.Name)
				}
			}
		}
	}
}

// A GIL that is a little different, or a computer that is, has a cell that is not
// within a fifth.
func TestMutants(t *testing.T) {
	same := func(p gil.Profile) gil.Profile { return p }
	for _, m := range []struct {
		name   string
		column string
		edit   func(p gil.Profile) gil.Profile
		opts   []gil.Option
		row    string // one that fails
	}{
		{"interval", "3.12", func(p gil.Profile) gil.Profile { return p.WithSwitchInterval(6500 * time.Microsecond) }, nil, "1 thread computes"},
		{"interval down", "3.12", func(p gil.Profile) gil.Profile { return p.WithSwitchInterval(3900 * time.Microsecond) }, nil, "2 threads, switches that they see"},
		{"no GIL", "3.13", func(gil.Profile) gil.Profile { return gil.CPython313T }, nil, "1 thread computes"},
		{"new GIL", "2.7", func(gil.Profile) gil.Profile { return gil.CPython32 }, nil, "1 thread computes"},
		{"tick GIL", "3.9", func(gil.Profile) gil.Profile { return gil.CPython31 }, nil, "2 threads, time / that of one"},
		{"latency", "2.7", same, []gil.Option{gil.WithWakeLatency(60 * time.Microsecond)}, "2 threads, switches that they see"},
		{"cost", "2.7", same, []gil.Option{gil.WithWakeCost(2 * time.Microsecond)}, "2 threads, time / that of one"},
		{"heavy wakes at 100 µs", "3.9", same, []gil.Option{gil.Ideal(), gil.WithWakeLatency(80 * time.Microsecond), gil.WithJitter(1)}, "interval 100µs, switches"},
		{"heavy wakes at 1 µs", "3.9", same, []gil.Option{gil.Ideal(), gil.WithWakeLatency(40 * time.Microsecond), gil.WithWakeCost(26 * time.Microsecond), gil.WithJitter(1)}, "interval 1µs, switches"},
		{"heavy wakes", "3.9", same, []gil.Option{gil.Ideal(), gil.WithWakeLatency(40 * time.Microsecond), gil.WithWakeCost(26 * time.Microsecond), gil.WithJitter(1)}, "UDP sendto, next to a thread"},
		{"heavy wakes of 2.7", "2.7", same, []gil.Option{gil.Ideal(), gil.WithWakeLatency(40 * time.Microsecond), gil.WithWakeCost(26 * time.Microsecond), gil.WithJitter(1)}, "read 16 KiB of random numbers, next to a thread"},
		{"every release is open", "2.7", same, []gil.Option{gil.WithWakeLatency(0)}, "2 threads, switches after sys.setcheckinterval(1000)"},
		{"newest first", "3.13", same, []gil.Option{gil.WithSuccessor(gil.LIFO)}, "2 threads compute"},
		{"drawn", "3.13", same, []gil.Option{gil.WithSuccessor(gil.Random)}, "4 threads compute"},
	} {
		if raceDetector && !quick[m.row] {
			continue
		}
		row, column := find(t, m.row), columnOf(t, m.column)
		restore := timing.Mutate(m.opts...)
		got := row.Run(m.edit(column.Profile), 0)
		restore()
		assert.False(t, row.Agrees(column, got), "%s survives: %s under %v is %v", m.name, m.row, column, got)
	}
}

func find(t *testing.T, name string) timing.Row {
	t.Helper()
	for _, table := range timing.Tables() {
		for _, r := range table.Rows {
			if r.Name == name {
				return r
			}
		}
	}
	require.Fail(t, "no row "+name)
	return timing.Row{}
}

func columnOf(t *testing.T, as string) timing.Column {
	t.Helper()
	for _, c := range timing.Columns() {
		if c.As == as && c.Name() == as {
			return c
		}
	}
	require.Fail(t, "no column "+as)
	return timing.Column{}
}

func TestFormat(t *testing.T) {
	for want, got := range map[string]string{
		"0.57": timing.Microseconds.Format(0.57), "17.3": timing.Microseconds.Format(17.33), "5318": timing.Microseconds.Format(5318.4),
		"205": timing.PerSecond.Format(204.9), "1.04": timing.Ratio.Format(1.036),
	} {
		assert.Equal(t, want, got)
	}
}

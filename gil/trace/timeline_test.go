package trace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// TestSpansAreTheThreadsOwnAccount: what the spans of a thread add up to is, to the
// nanosecond, what the machine itself has measured.
func TestSpansAreTheThreadsOwnAccount(t *testing.T) {
	var met [trace.NumStates]time.Duration
	for seed := range uint64(howMany()) {
		r := newRandom(seed)
		tl := r.record(t).Timeline()
		for tid, times := range r.times {
			want := times()
			lane := tl.Lane(tid)
			require.NotNil(t, lane, "seed %d, %d", seed, tid)
			d := lane.Spent()
			got := gil.Times{
				Run: d[trace.Run] + d[trace.CHeld], ReadyCore: d[trace.ReadyCore], WaitGIL: d[trace.WaitGIL],
				WaitLock: d[trace.WaitLock] + d[trace.WaitCond] + d[trace.WaitQueue], WaitJoin: d[trace.WaitJoin],
				IO: d[trace.IO], Sleep: d[trace.Sleep], CCall: d[trace.CCall],
			}
			require.Equal(t, want, got, "seed %d, %v on %d cores, %s", seed, r.profile, r.cores, lane.Name)
			for s, x := range d {
				met[s] += x
			}
		}
	}
	for s, d := range met {
		require.NotZero(t, d, "no program was ever in state %v", trace.State(s))
	}
}

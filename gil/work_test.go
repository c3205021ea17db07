package gil_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// givenUp counts how often the main thread gives the GIL up for a program. There is
// no other thread, so nobody asks for it.
func givenUp(t *testing.T, p gil.Profile, main func(t *gil.Thread)) (n int, took time.Duration) {
	t.Helper()
	require.NoError(t, gil.NewMachine(2).Run(p, func(t *gil.Thread) {
		before, begin := t.Interpreter().Stats().Acquisitions, t.Now()
		main(t)
		n, took = int(t.Interpreter().Stats().Acquisitions-before), t.Now()-begin
	}))
	return n, took
}

// TestWorksRelease: which calls give the GIL up, in which Pythons, from which size
// on. Facts 4.
func TestWorksRelease(t *testing.T) {
	const never = -1
	for _, c := range []struct {
		work  gil.Work
		py27  int // the least size that gives it up
		later int
	}{
		{gil.WorkZlibCompress, 0, 0},
		{gil.WorkZlibDecompress, 0, 0},
		{gil.WorkCRC32, never, 5121},
		{gil.WorkBZ2Compress, 0, 0},
		{gil.WorkLZMACompress, 0, 0},
		{gil.WorkSHA256, 2048, 2048},
		{gil.WorkPBKDF2, 0, 0},
		{gil.WorkNumPy, 501, 501},
		{gil.WorkSort, never, never},
		{gil.WorkSum, never, never},
		{gil.WorkMinMap, never, never},
		{gil.WorkFactorial, never, never},
		{gil.WorkRegexp, never, never},
		{gil.WorkJSON, never, never},
		{gil.WorkPickle, never, never},
		{gil.WorkListRange, never, never},
		{gil.WorkCopy, never, never},
		{gil.WorkHexlify, never, never},
		{gil.WorkGCCollect, never, never},
		{gil.WorkBufferedWrite, never, never},
		{gil.WorkSortKey, never, never},
		{gil.WorkWrite, 0, 0},
		{gil.WorkRead, 0, 0},
		{gil.WorkSendTo, 0, 0},
		{gil.WorkSend, 0, 0},
		{gil.WorkSleep0, 0, 0},
		{gil.WorkSleepTenth, 0, 0},
		{gil.WorkSleepTwo, 0, 0},
	} {
		for _, p := range gil.Profiles() {
			least := c.later
			if p.Name() == "2.7" || p.Name() == "3.1" || p.Name() == "jvm" {
				least = c.py27
			}
			for _, size := range []int{1, 500, 501, 2047, 2048, 5120, 5121, 100_000} {
				want := least != never && size >= least && !p.FreeThreaded()
				require.Equal(t, want, c.work.Releases(p, size), "%v of %d under %v", c.work, size, p)
				if p.FreeThreaded() {
					continue
				}
				n, took := givenUp(t, p, func(t *gil.Thread) { t.Perform(c.work, size) })
				require.Equal(t, want, n > 0, "%v of %d under %v gives the GIL up %d times", c.work, size, p, n)
				if held, free := c.work.Cost(p, size); p.Name() != "pypy" {
					require.InDelta(t, float64(held+free), float64(took), 100, "%v of %d under %v", c.work, size, p)
				}
			}
		}
	}
}

// TestWorksStall: a call that keeps the GIL stops everybody else for its whole time,
// one that gives it up does not; of a sort with a key the comparisons do.
func TestWorksStall(t *testing.T) {
	stall := func(p gil.Profile, w gil.Work, size int) (stall, call time.Duration) {
		require.NoError(t, gil.NewMachine(2, gil.Measured()).Run(p, func(t *gil.Thread) {
			done := false
			other := t.Go("other", func(t *gil.Thread) {
				for last := t.Now(); !done; {
					t.Compute(10 * time.Microsecond)
					stall = max(stall, t.Now()-last)
					last = t.Now()
				}
			})
			t.Sleep(20 * time.Millisecond)
			stall = 0
			t.Perform(w, size)
			held, free := w.Cost(p, size)
			call = held + free
			done = true
			other.Join(t)
		}))
		return stall, call
	}
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython312, gil.CPython314} {
		for _, w := range []gil.Work{gil.WorkSum, gil.WorkSort, gil.WorkJSON, gil.WorkRegexp} {
			s, call := stall(p, w, 200_000)
			require.Greater(t, s, call*3/4, "%v under %v", w, p)
		}
		for _, w := range []gil.Work{gil.WorkZlibCompress, gil.WorkBZ2Compress} {
			s, call := stall(p, w, 20_000_000)
			require.Less(t, s, call/4, "%v under %v", w, p)
		}
		s, call := stall(p, gil.WorkSortKey, 400_000)
		keys := 80 * 400_000 * time.Nanosecond
		require.Less(t, s, call-keys/2, "%v", p)
		require.Greater(t, s, call-keys-time.Millisecond, "%v", p)
	}
	s, call := stall(gil.CPython313T, gil.WorkSum, 200_000)
	require.Less(t, s, call/4)
}

// TestHash: after a large piece a hash hashes small ones without the GIL, too.
func TestHash(t *testing.T) {
	n, _ := givenUp(t, gil.CPython312, func(t *gil.Thread) {
		var h gil.Hash
		h.Update(t, 2047)
		h.Update(t, 2047)
	})
	require.Equal(t, 0, n)
	n, took := givenUp(t, gil.CPython312, func(t *gil.Thread) {
		var h gil.Hash
		h.Update(t, 2048)
		h.Update(t, 1)
		h.Update(t, 2047)
	})
	require.Equal(t, 3, n)
	require.InDelta(t, 4096*0.56, float64(took), 300)
}

// TestWorksEverywhere: a call can be made in every world.
func TestWorksEverywhere(t *testing.T) {
	for _, w := range gil.Works() {
		found, err := gil.LookupWork(w.Name())
		require.NoError(t, err)
		require.Equal(t, w, found)
		require.NotEmpty(t, w.Python())
		require.NotEmpty(t, w.Unit())
		require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) { t.Perform(w, 1) }))
	}
	_, err := gil.LookupWork("sleep")
	require.ErrorContains(t, err, "zlib.compress")
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython39, func(th *gil.Thread) {
		require.ErrorContains(th, panicked(func() { th.Perform(gil.Work{}, 1) }).(error), "gil.Works()")
		require.ErrorContains(th, panicked(func() { th.Perform(gil.WorkSum, -1) }).(error), "not negative")
	}))
}

func ExampleThread_Perform() {
	for _, w := range []gil.Work{gil.WorkBZ2Compress, gil.WorkJSON} {
		m := gil.NewMachine(4)
		_ = m.Run(gil.CPython313, func(t *gil.Thread) {
			work := func(t *gil.Thread) { t.Perform(w, 10_000) }
			gil.JoinAll(t, t.Go("a", work), t.Go("b", work), t.Go("c", work), t.Go("d", work))
		})
		fmt.Printf("%-13v four threads compute at once: %v\n", w, m.Par() == 4)
	}
	// Output:
	// bz2.compress  four threads compute at once: true
	// json.dumps    four threads compute at once: false
}

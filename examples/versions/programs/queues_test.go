package programs_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/examples/versions/programs"
	"github.com/pygil/pygil/gil"
)

// A queue that is full and one that is empty, by their Python and what becomes of it.
func TestQueue(t *testing.T) {
	put, get := programs.Stmt{Kind: programs.PutNowait, N: 2}, programs.Stmt{Kind: programs.GetTimeout, N: 3}
	p := programs.Program{Queue: true, Threads: [][]programs.Stmt{{put, put, put}, {get}}}
	assert.Contains(t, p.Python(), " try: S.q.put_nowait(2)\n except Full: S.x += 2\n")
	assert.Contains(t, p.Python(), " try: r = S.q.get(True, 0)\n except Empty: S.x += 3\n")
	for _, profile := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T} {
		all := outcomes(t, p, profile)
		// One comes while there is room, one when the queue is full, one too early.
		require.Subset(t, all, []string{"0 1 2 2 u3", "2 1 2 u2", "5 1 2 2 u2"}, "%v", profile)
	}
	assert.Equal(t, []string{"2 1 2 u2", "5 1 2 2 u2"}, p.Serial())

	done := programs.Stmt{Kind: programs.Done, N: 4}
	p = programs.Program{Queue: true, Threads: [][]programs.Stmt{{done}, {put}}}
	assert.Equal(t, []string{"0 1 2 u0", "0 5 2 u1"}, outcomes(t, p, gil.CPython312))
}

// Every kind of statement about a queue occurs, and each has its Python.
func TestRandomQueue(t *testing.T) {
	kinds := map[programs.Kind]bool{}
	for i := range queueCount {
		p := programs.RandomQueue(i)
		assert.Equal(t, p, programs.RandomQueue(i))
		assert.NotContains(t, p.Python(), "?")
		for _, thread := range p.Threads {
			for _, s := range thread {
				kinds[s.Kind] = true
			}
		}
	}
	for k := programs.PutNowait; k <= programs.Done; k++ {
		assert.True(t, kinds[k], "%d", k)
	}
}

// Whatever a Python's queue was seen to do is possible here.
func TestQueueGoldens(t *testing.T) {
	for k, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c := queues.compare(t, version, queues.looked(t, version, k))
			t.Logf("%s: %d programs; of %d states %d were seen", version, c.programs, c.possible, c.seen)
			assert.Positive(t, c.programs)
		})
	}
}

// The same with the Pythons that are there.
func TestQueuePythons(t *testing.T) {
	for k, version := range append(slices.Clone(versions), unrecorded...) {
		command, ok := find(t, version)
		if !ok {
			t.Logf("there is no Python %s", version)
			continue
		}
		numbers, seconds := queues.some(k), 0.3
		if !soak() {
			numbers, seconds = numbers[:1], 0.03
		}
		queues.compare(t, version, queues.python(t, command, seconds, numbers))
	}
}

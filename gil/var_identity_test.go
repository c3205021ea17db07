package gil_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// witness is an explorer that notes which objects were touched.
type witness struct {
	every
	objects map[kernel.ObjID]bool
	gates   bool // or those only
}

func (w *witness) Performs(_ *kernel.Explored, _ *kernel.Task, op kernel.Op) {
	switch op.Kind {
	case kernel.OpRead, kernel.OpWrite, kernel.OpUpdate, kernel.OpTryAcquire:
		if w.gates == (op.Kind == kernel.OpTryAcquire) {
			w.objects[op.Obj] = true
		}
	}
}

// Whoever is first to touch an object, it is the same object in every schedule:
// what a search has learnt in one run is true in the next.
func TestSharedObjectsHaveOneIdentity(t *testing.T) {
	w := &witness{objects: map[kernel.ObjID]bool{}}
	s := gil.NewSandbox(gil.AnyBytecode, w, 0)
	defer s.Close()
	runs := 0
	for more := true; more; more = w.next() {
		runs++
		require.NoError(t, s.Run(uint64(runs), func(th *gil.Thread) {
			x, y := gil.NewVar("x", 0), gil.NewVar("y", 0)
			l, d := gil.NewList[int]("l"), gil.NewDict[int, int]("d")
			sideBySide(th,
				func(th *gil.Thread) { x.Store(th, 1); l.Append(th, 1); y.Store(th, 1); d.Set(th, 1, 1) },
				func(th *gil.Thread) { d.Set(th, 1, 1); y.Store(th, 1); l.Append(th, 1); x.Store(th, 1) })
		}))
	}
	assert.Greater(t, runs, 50)
	assert.Len(t, w.objects, 4)
}

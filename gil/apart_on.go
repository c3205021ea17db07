//go:build race

package gil

import (
	"runtime"
	"unsafe"
)

// raceKernel says that the race detector is there to be shown things.
const raceKernel = true

// raceHide hides from the race detector what the calling goroutine synchronises
// with, until raceShow.
func raceHide() { runtime.RaceDisable() }
func raceShow() { runtime.RaceEnable() }

// raceTell makes everything that the calling goroutine has done and learnt known
// to who calls raceLearn with the same mark later.
func raceTell(m *mark)  { runtime.RaceReleaseMerge(unsafe.Pointer(m)) }
func raceLearn(m *mark) { runtime.RaceAcquire(unsafe.Pointer(m)) }

// mark is a place in memory that nobody reads or writes: the race detector knows
// by its address who has told something to whom.
type mark struct{ _ uint64 }

// twin is the one that the inside uses instead of an object in the program's
// memory; see outside.
type twin[T any] struct {
	of  *T
	box *Sandbox
	is  bool   // it is the one that the inside uses
	at  uint64 // the seat of the thread that has initialised it
}

//go:norace
func (w *twin[T]) get() (*T, *Sandbox) { return w.of, w.box }

//go:norace
func (w *twin[T]) set(of *T, box *Sandbox) { w.of, w.box = of, box }

//go:norace
func (w *twin[T]) boundTo(seat uint64) bool { return w.of != nil && w.at == seat }

//go:norace
func (w *twin[T]) bind(seat uint64) { w.at = seat }

//go:norace
func (w *twin[T]) mark() { w.is = true }

func (w *twin[T]) marked() bool { return w.is }

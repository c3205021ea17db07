package pool

import "sync/atomic"

// Firsthand is how many answers were read by those who waited for them.
func Firsthand(x *ProcessExecutor) (n int) {
	f := x.e.(*fleet)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		m.post.mu.Lock()
		n += m.post.taken
		m.post.mu.Unlock()
	}
	return n
}

// Taken is what is added to the claims of a worker whose jobs are taken back: an int, on
// every machine.
const Taken int = taken

// PieceItems is how many items of a long chunk are done at a time.
const PieceItems = pieceItems

// Forgotten returns what reports whether the end of the program will not find ex any more.
func Forgotten(ex Executor) func() bool {
	var x *atExit
	switch e := ex.executor().e.(type) {
	case *crew:
		x = &e.exit
	case *fleet:
		x = &e.exit
	}
	stop, done := x.stop, new(atomic.Bool)
	x.stop = func() { stop(); done.Store(true) }
	return done.Load
}

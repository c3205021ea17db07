package pool

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

// PieceItems is how many items of a long chunk are done at a time.
const PieceItems = pieceItems

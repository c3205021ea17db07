//go:build !race

package gil

// Without the race detector nobody is kept apart; see apart_on.go.
const raceKernel = false

type mark struct{}

func raceHide()         {}
func raceShow()         {}
func raceTell(_ *mark)  {}
func raceLearn(_ *mark) {}

type twin[T any] struct{}

func (*twin[T]) get() (of *T, box *Sandbox) { return nil, nil }
func (*twin[T]) set(*T, *Sandbox)           {}
func (*twin[T]) boundTo(uint64) bool        { return false }
func (*twin[T]) bind(uint64)                {}
func (*twin[T]) mark()                      {}
func (*twin[T]) marked() bool               { return false }

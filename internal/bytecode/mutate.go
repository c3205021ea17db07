package bytecode

import "sync/atomic"

var mutations atomic.Uint64

// Mutations counts the calls of Mutate and of what it returned: whoever keeps what it has made
// of a sequence has to make it anew when the count has changed.
func Mutations() uint64 { return mutations.Load() }

// Mutate changes what [Sequence] returns for c under v until restore is called. It is for tests
// that show that a check point more or less is noticed, which must not run beside others.
func Mutate(v Version, c Construct, edit func(seq []Instr) []Instr) (restore func()) {
	known(v, c)
	old := warm[c][v]
	warm[c][v] = edit(append([]Instr(nil), old...))
	mutations.Add(1)
	return func() {
		warm[c][v] = old
		mutations.Add(1)
	}
}

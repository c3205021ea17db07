package trace

// State is what a thread does during a Span. The states divide a thread's life:
// at any moment it is in exactly one.
type State uint8

// The states, in the order in which legends name them.
const (
	Run       State = iota // computes on a core, with the GIL if its Python has one
	CHeld                  // a C call, or the garbage collector, that keeps the GIL
	CCall                  // a C call that has given the GIL up
	ReadyCore              // could go on and has no core
	WaitGIL                // wants the GIL
	WaitLock               // wants a lock
	WaitCond               // waits for a condition, an event or a semaphore
	WaitQueue              // waits for an item, or for room
	WaitJoin               // waits for a thread's start or end
	IO                     // waits for the operating system
	Sleep                  // sleeps
	NumStates              // how many there are
)

// look is how a state is shown everywhere: one legend for all exporters.
type look struct {
	name  string // in reports and Chrome traces
	glyph byte   // in text timelines
	ansi  string // colour of text timelines
	class string // in SVG
	light string // its colours, light and dark
	dark  string
	fill  string // the pattern over the colour, as an SVG path of a tile of 8×8; "" for none
}

var looks = [NumStates]look{
	Run:       {"run", '#', "32", "run", "#2e9e4f", "#3fb961", ""},
	CHeld:     {"C call keeping the GIL", 'C', "35", "cheld", "#7b3fa0", "#b07ad1", "M0 4.5H8"},
	CCall:     {"C call", 'c', "36", "ccall", "#1b8a8f", "#4cc3c9", "M4.5 0V8"},
	ReadyCore: {"wait core", 'r', "33", "ready", "#d9b400", "#f0cf3c", "M0 8L8 0"},
	WaitGIL:   {"wait GIL", '.', "31", "gil", "#d64545", "#f26d6d", "M0 0L8 8"},
	WaitLock:  {"wait lock", 'L', "33;1", "lock", "#e07b1a", "#ff9f45", "M0 8L8 0M0 0L8 8"},
	WaitCond:  {"wait condition", 'W', "33", "cond", "#a8651e", "#d79a58", "M2 2h1v1h-1zM6 6h1v1h-1z"},
	WaitQueue: {"wait queue", 'Q', "33", "queue", "#8a5a44", "#c08f77", "M0 2.5H8M0 6.5H8"},
	WaitJoin:  {"wait join", 'J', "34", "join", "#9aa5b8", "#5d6b85", "M4 4h1v1h-1z"},
	IO:        {"io", '~', "34;1", "io", "#2f6fd0", "#6aa2f7", "M0 4q2 -4 4 0t4 0"},
	Sleep:     {"sleep", 'z', "90", "sleep", "#c9ced6", "#3d4450", ""},
}

// String is the state's name in reports, such as "wait GIL".
func (s State) String() string {
	if s < NumStates {
		return looks[s].name
	}
	return "unknown"
}

// Waits reports whether a thread in the state waits for another thread.
func (s State) Waits() bool { return s >= WaitGIL && s <= WaitJoin }

package rows

// open says why nothing shows a row yet. The index counts these rows; a row that
// has a check must not be here.
var open = map[int]string{
	86:  "the suites are those of internal/conformance; nothing counts them here",
	87:  "lock_print shows it for real; the count of orders is missing",
	88:  "needs an unbuffered screen that processes share",
	144: "nothing kills a simulated process with threads here yet; package process does",
}

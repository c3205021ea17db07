package rows

// open says why nothing shows a row yet. The index counts these rows; a row that
// has a check must not be here.
var open = map[int]string{
	14:  "needs the bytecodes of a turn by version, which gil does not list; internal/bytecode does",
	41:  "the same",
	47:  "needs pools of processes",
	55:  "needs pools of processes",
	78:  "a start outside of Main is a matter of the live world; TestMain of package process shows it",
	79:  "the default start method of a version is not part of its profile",
	80:  "needs queues between simulated processes",
	82:  "needs queues between simulated processes",
	84:  "needs torn writes in an explored program of its own",
	86:  "the suites are those of internal/conformance; nothing counts them here",
	87:  "lock_print shows it for real; the count of orders is missing",
	88:  "needs an unbuffered screen that processes share",
	123: "needs executors of processes",
	137: "one body is not yet run under all models in one table",
	138: "needs pools of processes",
	144: "nothing kills a simulated process with threads here yet; package process does",
	145: "a module's own lines are run by hand, so that a count would show nothing",
}

package gil

// regime is what all threads of an interpreter have in common, so that an operation
// need not look further than at its thread.
type regime struct {
	free    bool // free-threaded: objects guard themselves
	busy    bool // it is that, or it is observed
	plain   bool // it is neither of these nor explored
	quick   bool // it is plain, and a free lock is taken without more ado
	turns   bool // it is plain, live and under the Ticks rule
	clocked bool // states are measured
	sites        // where it looks around calls of primitives
}

func (i *Interpreter) regimeOfThreads() regime {
	explored := i.w.sandbox != nil
	free := i.prof.FreeThreaded()
	busy := free || i.w.emit != nil || i.w.forks()
	plain := !explored && !busy
	return regime{
		free: free, busy: busy, plain: plain,
		quick:   plain && !i.prof.has(acquireReleases),
		turns:   plain && i.live && i.gil != nil && i.gil.rule == ticksRule && !i.w.opts.checks,
		clocked: i.w.clocked(i),
		sites:   i.code.sites,
	}
}

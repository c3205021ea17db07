package gil

import (
	"slices"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// Sub-interpreters: a GIL and threads of their own in the process of another.

// WithSharedGIL makes a sub-interpreter what it was before 3.12: it shares the GIL and
// its interval with the interpreter that makes it, and may have daemon threads. Other
// interpreters ignore it. Python: _interpreters.create("legacy").
func WithSharedGIL() Option { return optionFunc(func(c *options) { c.sharedGIL = true }) }

// NewInterpreter makes a sub-interpreter: own modules, own threads. From 3.12 on it is
// isolated (PEP 684), unless WithSharedGIL is given: it has its own GIL and switch
// interval, if there is a GIL, and refuses daemon threads and being forked with a
// *RuntimeError; a process can still be spawned from it. Before that, and with
// WithSharedGIL, it has the GIL and the interval of the interpreter that made it.
// Call its Run from the thread that made it. Python: _interpreters.create().
//
// What CPython refuses besides has no form here: no function replaces a process as
// os.exec does, and signals arrive at processes, see package process, not at threads.
func (t *Thread) NewInterpreter(opts ...Option) *Interpreter {
	if t != nil && t.x != nil {
		panic(misuse("", "sub-interpreters are not explored; use a process of package process"))
	}
	t.must()
	t.kern.Sync(&t.k)
	o := collect(opts)
	p := t.interp.prof
	i := t.interp.w.newInterpreter(p, &o)
	i.pid, i.creator = t.interp.pid, t
	i.isolated = p.has(ownGIL) && !o.sharedGIL
	if !i.isolated && t.interp.gil != nil {
		i.gil = t.interp.gil // a shared GIL, and a shared interval
		i.domain = t.interp.domain
	}
	return i
}

// runSub runs a sub-interpreter for its creator, whose GIL is free meanwhile.
func (i *Interpreter) runSub(main func(*Thread)) error {
	by := i.creator
	t := i.newMain(by, main)
	var ended Gate
	ended.Init(by, 0, "end of interpreter "+i.Name())
	i.subEnded = &ended
	if i.live {
		t.gone = make(chan struct{})
	}
	finished := false
	defer func() {
		if !finished {
			i.abandon(by)
		}
	}()
	i.w.kern.Spawn(&by.k, &t.k, func() { i.body(t) })
	by.passAs(&ended, kernel.OpJoin, Forever, stateWaitJoin, WhyJoin)
	finished = true
	return i.failure()
}

// abandon ends the threads of a sub-interpreter because by, which runs it, is being
// ended: nobody is left to whom they matter.
func (i *Interpreter) abandon(by *Thread) {
	i.mu.Lock()
	i.closing = true
	threads := slices.Clone(i.threads)
	i.mu.Unlock()
	for _, u := range threads {
		i.w.kern.Kill(&by.k, &u.k)
	}
	for _, u := range threads {
		if u.gone != nil {
			<-u.gone
		}
	}
}

// forkable returns what a process does that is forked from i: main, unless i is a
// sub-interpreter. 3.8 refused that, isolated ones do; otherwise, from 3.9 on, the child
// finds that it is not in the main interpreter and ends. Up to 3.7 nobody looked.
func (i *Interpreter) forkable(name string, main func(*Thread)) func(*Thread) {
	switch v := i.prof.version; {
	case i.creator == nil:
		return main
	case i.isolated:
		panic(misuse("fork not supported for isolated subinterpreters",
			"Emulate(%q): fork not supported for isolated subinterpreters; use Spawn, or start it from the main interpreter", name))
	case v == bytecode.V38:
		panic(misuse("fork not supported for subinterpreters",
			"Emulate(%q): fork not supported for subinterpreters; use Spawn, or start it from the main interpreter", name))
	case v > bytecode.V38:
		return func(*Thread) {
			panic(misuse("_PyInterpreterState_DeleteExceptMain: not main interpreter",
				"process %s was forked from a sub-interpreter, which is fatal; use Spawn, or start it from the main interpreter", name))
		}
	}
	return main
}

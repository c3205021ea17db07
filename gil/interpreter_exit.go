package gil

import (
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// shutDown is what Python does when main has ended: it calls what has asked for that,
// joins the threads that are no daemons, then abandons the daemons.
func (i *Interpreter) shutDown(t *Thread) {
	i.lock()
	i.mainDone = true
	i.unlock()
	t.ended.openEnd(t) // from here on main counts as ended: it can be joined
	defer func() {
		if v := recover(); v != nil {
			if _, ok := v.(unwinding); !ok {
				panic(v)
			}
		}
	}()
	i.callLast(t, &i.joins)
	for u := i.firstAlive(false); u != nil && !t.k.Killed(); u = i.firstAlive(false) {
		t.passAs(&u.ended, kernel.OpJoin, Forever, stateWaitJoin, WhyJoin)
	}
	i.callLast(t, &i.exits)
	i.lock()
	i.closing = true
	i.unlock()
	i.killDaemons(t)
}

// leftMain reports whether t is the main thread and its function has returned.
func (i *Interpreter) leftMain(t *Thread) bool {
	i.lock()
	defer i.unlock()
	return t == i.main && i.mainDone
}

// leftWorld tells whoever waits for the whole interpreter that it has ended: the
// parent process, or the thread that runs the sub-interpreter.
func (i *Interpreter) leftWorld(t *Thread) {
	if c := i.process; c != nil {
		i.gone = true
		c.ended.open(t, All)
	}
	if i.subEnded != nil {
		i.subEnded.open(t, All)
	}
}

// firstAlive finds a thread, other than main, that has not ended.
func (i *Interpreter) firstAlive(daemon bool) *Thread {
	i.lock()
	var first *Thread
	for _, t := range i.threads {
		if t != i.main && t.daemon == daemon && !t.entered {
			first = t
			break
		}
	}
	i.unlock()
	return first
}

// killDaemons ends the threads that are left and waits for them: the daemons, and what
// was started when the others had been joined already, by AtExit or by a daemon.
func (i *Interpreter) killDaemons(t *Thread) {
	i.lock()
	var ds []*Thread
	for _, u := range i.threads {
		if u != i.main && !u.entered {
			ds = append(ds, u)
		}
	}
	i.unlock()
	for _, u := range ds {
		if e := i.w.emit; e != nil {
			e.eventBy(t, u, Event{Kind: EvDaemonKill})
		}
		i.w.kern.Kill(&t.k, &u.k)
	}
	if !i.live {
		for _, u := range ds {
			if !t.k.Killed() {
				t.passAs(&u.ended, kernel.OpJoin, Forever, stateWaitJoin, WhyJoin)
			}
		}
		return
	}
	if len(ds) == 0 {
		return
	}
	t.detach(stateWaitJoin, WhyJoin)
	var stuck []string
	patience := time.NewTimer(daemonPatience)
	defer patience.Stop()
	for _, u := range ds {
		select {
		case <-u.gone:
			continue
		default:
		}
		select {
		case <-u.gone:
		case <-patience.C:
			patience.Reset(0)
			stuck = append(stuck, u.name)
		}
	}
	// The GIL is not taken again: nothing is left to do with it, and a daemon that
	// really blocks with it would keep main from ending.
	if len(stuck) > 0 {
		i.failed(&StuckError{Threads: stuck})
	}
}

// daemonPatience is how long a live interpreter waits for its daemons to notice
// that it ends.
const daemonPatience = time.Second

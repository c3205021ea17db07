package queue

import (
	"fmt"
	"os"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/exits"
)

// A party is what an emulated queue knows of one process: the tasks that it has taken
// and not done, and what its feeder, if the queue has feeders, has not sent.
type party struct {
	*emulated
	*traits
	of      *gil.Interpreter
	held    int // tasks
	unsent  []arrival
	feeder  *gil.Thread // nil before the first put
	hurried bool        // nobody waits for the feeder at exit
	stalled *gil.Thread // it has said that the process cannot end, see flush
	ended   bool
}

// party returns what is known of the process of t.
func (g *grasp) party(t *gil.Thread) *party {
	i := t.Interpreter().Process()
	for _, p := range g.parties {
		if p.of == i {
			return p
		}
	}
	p := &party{emulated: g.emulated, traits: g.traits, of: i}
	g.parties = append(g.parties, p)
	i.AtExit(p.exit)
	i.Main().AfterFunc(p.end)
	return p
}

// waiting is how many items are in the memories of processes.
func (e *emulated) waiting() (n int) {
	for _, p := range e.parties {
		n += len(p.unsent)
	}
	return n
}

// size is how many items were put and not taken.
func (e *emulated) count() int { return len(e.items) + e.waiting() }

// die counts what is lost with a process.
func (p *party) die() {
	if p.ended {
		return
	}
	p.ended = true
	p.lost += len(p.unsent)
	lose(p.unsent)
	p.unsent = nil
	if p.held > 0 {
		p.widows++
		p.held = 0
	}
}

// lose releases the handles of items that nobody will get.
func lose(items []arrival) {
	for _, a := range items {
		release(a.handles)
	}
}

// end is called when the process has ended, however it did.
func (p *party) end() {
	p.die()
	p.common.Changed(nil, gil.All)
}

// abandoned is how many tasks are left that nobody alive has, and that nobody can get.
func (g *grasp) abandoned() int {
	if g.count() > 0 || g.widows == 0 {
		return 0
	}
	for _, p := range g.parties {
		if p.held > 0 {
			return 0
		}
	}
	return g.left()
}

// wake starts the feeder, if need be.
func (p *party) wake(t *gil.Thread) {
	if p.feeder == nil {
		p.feeder = t.NewThread("QueueFeederThread", p.feed, gil.WithDaemon(true))
		p.feeder.Start(t)
	}
}

// fits reports whether there is room for the next item in what lies between the
// processes. One that is longer than all of it goes through in pieces.
func (p *party) fits() bool {
	return len(p.items) == 0 || p.bytes+len(p.unsent[0].data) <= p.room
}

// feed is the feeder.
func (p *party) feed(t *gil.Thread) {
	for {
		p.common.Await(t, gil.OpPut, gil.Forever, func() bool { return len(p.unsent) > 0 && p.fits() })
		a := p.unsent[0]
		p.unsent = p.unsent[1:]
		p.items, p.bytes = append(p.items, a), p.bytes+len(a.data)
		p.common.Changed(t, gil.All)
	}
}

// exit waits, when the process ends by itself, until everything was sent; see flush
// of real queues.
func (p *party) exit(t *gil.Thread) {
	if p.room == 0 {
		return
	}
	if len(p.unsent) > 0 && !p.hurried {
		p.flush(t)
	}
	if n := len(p.unsent); n > 0 && !p.hurried && t.Machine() != nil { // an explorer reports once, not per schedule
		fmt.Fprintf(os.Stderr, flushed, n, p.Name, p.Flush)
	}
	p.common.Act(t, gil.OpSet)
	p.die()
	p.common.Changed(t, gil.All)
}

func (p *party) flush(t *gil.Thread) {
	taken, since := p.taken, t.Now()
	for len(p.unsent) > 0 {
		limit := p.Flush
		if p.stalled == nil {
			limit = min(limit, stallAfter)
		}
		p.common.Await(t, gil.OpWait, max(since+limit, t.Now()+time.Nanosecond), func() bool {
			return len(p.unsent) == 0 || p.taken != taken
		})
		switch waited := t.Now() - since; {
		case p.taken != taken:
			taken, since = p.taken, t.Now()
		case waited >= p.Flush:
			return
		case waited >= stallAfter && p.stalled == nil:
			p.stalled = t
			exits.Hold(t, t, &UndrainedError{Queue: p.Name, PID: p.of.PID(), Items: len(p.unsent)})
		}
	}
}

// relieve takes back what the others have said in flush: t has taken items. They may
// not get to see that for long, and who joins them meanwhile is to wait for them.
func (g *grasp) relieve(t *gil.Thread) {
	for _, p := range g.parties {
		if p.stalled != nil {
			exits.Hold(p.stalled, t, nil)
			p.stalled = nil
		}
	}
}

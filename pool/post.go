package pool

import (
	"context"
	"runtime"
	"sync"
	"time"
)

// A post is who reads the answers of one worker: the attendant, who does nothing else, or
// somebody who waits for the one task that the worker has.
//
//	attended --retire--> leaving --standBy--> vacant --take--> occupied --spoil--> spoiled
//	    ^                                      |  ^               |
//	    +---------------standBy----------------+  +-----give------+
//
// The attendant reads until he has passed on an answer to a lone task that somebody
// waited for. From then on he stands by, in expectation of more of these: whoever waits
// next takes the post, reads his answer and gives it back. The attendant reads again when
// he is called, or when nobody has taken the post for a patrol's time.
//
// A new post is attended.
type post struct {
	mu     sync.Mutex
	at     watch
	called bool          // the attendant is to read again
	taken  int           // how often it was taken
	bell   chan struct{} // what the attendant waits for while he stands by; holds one
	ears   *reading      // of who has taken the post, and of the next
}

// A watch is the state of a post.
type watch uint8

const (
	attended watch = iota // the attendant reads
	leaving               // he will stand by in a moment
	vacant                // nobody reads, the attendant stands by
	occupied              // somebody who waits for his answer reads
	spoiled               // the worker has said what is not understood; nobody reads
)

// patrol is how often who stands by looks whether he is needed. An answer that nobody
// waits for and is told of, and a worker's death, may be found as late as that.
const patrol = 500 * time.Microsecond

func newPost() post { return post{bell: make(chan struct{}, 1)} }

// retire is called by the attendant, who will stand by next.
func (p *post) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == attended {
		p.at = leaving
	}
}

// isAttended reports whether the attendant reads, and will go on.
func (p *post) isAttended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at == attended
}

// standBy returns when the attendant is to read. It reports false when nobody is to any
// more.
func (p *post) standBy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at == attended {
		return true
	}
	if p.at == leaving {
		p.at = vacant
	}
	timer := time.NewTimer(patrol)
	defer timer.Stop()
	for before := p.taken; ; {
		switch {
		case p.at == spoiled:
			return false
		case p.at == vacant && p.called:
			p.at, p.called = attended, false
			return true
		}
		p.mu.Unlock()
		idle := false
		select {
		case <-p.bell:
		case <-timer.C:
			idle = true
			timer.Reset(patrol)
		}
		p.mu.Lock()
		if idle && p.at == vacant && p.taken == before {
			p.called = true
		}
		if idle {
			before = p.taken
		}
	}
}

// call has the attendant read again: somebody is to be told of an answer and does not
// read it himself.
func (p *post) call() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at != attended {
		p.called = true
		p.ring()
	}
}

// ring wakes the attendant. The lock is held.
func (p *post) ring() {
	select {
	case p.bell <- struct{}{}:
	default: // he has been woken
	}
}

// take takes the post if it is vacant, or is in a moment: who has just told of the last
// answer is about to stand by.
func (p *post) take() bool {
	for range 50 {
		p.mu.Lock()
		at := p.at
		if at == vacant {
			p.at = occupied
			p.taken++
		}
		p.mu.Unlock()
		switch at {
		case vacant:
			return true
		case attended, spoiled:
			return false
		}
		runtime.Gosched()
	}
	return false
}

// give gives the post back; owed says that there is something to read.
func (p *post) give(owed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at != occupied {
		return // spoiled
	}
	p.at = vacant
	if p.called = p.called || owed; p.called {
		p.ring()
	}
}

// spoil gives the post up for good.
func (p *post) spoil() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = spoiled
	p.ring()
}

// A reading is what a caller that reads can be interrupted by.
type reading struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// reading returns what interrupts the reading of who has the post. The time limit of ctx
// is its own: a receiver looks at that before it waits. Done is to be called at the end.
func (p *post) reading(ctx context.Context) (r *reading, done func()) {
	if due, limited := ctx.Deadline(); limited {
		ctx, cancel := context.WithDeadline(context.Background(), due)
		return &reading{ctx, cancel}, cancel
	}
	if p.ears == nil || p.ears.ctx.Err() != nil {
		ctx, cancel := context.WithCancel(context.Background())
		p.ears = &reading{ctx, cancel}
	}
	return p.ears, func() {}
}

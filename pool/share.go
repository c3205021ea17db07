package pool

import (
	"context"
	"sync/atomic"
	"time"
)

// relax is called when nothing waits: idle workers get part of what others have
// before them, or go. The lock is held.
func (f *fleet) relax() {
	if f.down && f.waiting.len() == 0 || f.over != nil {
		for _, m := range f.idle {
			m.dismiss()
		}
		f.idle = nil
		return
	}
	if len(f.idle) > 0 && f.watch == nil && f.crowded() { // never in a virtual world
		f.watch = time.AfterFunc(stealAfter, f.share)
	}
}

// crowded reports whether somebody has jobs that he has not begun. The lock is held.
func (f *fleet) crowded() bool {
	for _, m := range f.members {
		if m.untouched() > 0 {
			return true
		}
	}
	return false
}

// share takes back what busy workers have not begun, when others are idle.
func (f *fleet) share() {
	f.mu.Lock()
	f.watch = nil
	if len(f.idle) > 0 && f.waiting.len() == 0 {
		for _, m := range f.members {
			if m.untouched() > 0 && time.Since(m.sent) >= stealAfter {
				f.recall(m)
			}
		}
	}
	f.unlock()
	f.dispatch(context.Background())
}

// recall takes back what a worker has not begun. The lock is held.
func (f *fleet) recall(m *member) {
	begun := atomic.AddInt64(m.claims.Pointer(), taken) - taken
	f.giveBack(m, int(begun))
}

// again puts a job into the backlog that a worker was to do, or has not done. The lock is held.
func (f *fleet) again(j job) {
	if j.unbegin() {
		f.after = append(f.after, func() { j.drop(context.Background()) })
	}
	f.waiting.back(j)
}

// giveBack puts the jobs of a worker into the backlog again, but for as many as it has
// begun. The lock is held.
func (f *fleet) giveBack(m *member, begun int) {
	begun = min(begun, len(m.batch))
	for i := len(m.batch) - 1; i >= begun; i-- {
		f.again(m.batch[i])
		f.running--
	}
	m.batch = m.batch[:begun]
}

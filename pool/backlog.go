package pool

import "slices"

// A backlog is the jobs that wait for a worker: first those of the highest priority,
// and of these the oldest. Whoever uses it sees to it that nobody else does.
type backlog struct {
	levels []level // the highest priority first
	n      int
}

// A level is the jobs of one priority.
type level struct {
	priority int
	jobs     []job // a ring with a power of two of places
	head, n  int
}

func (b *backlog) len() int { return b.n }

func (b *backlog) level(priority int) *level {
	if len(b.levels) > 0 && b.levels[0].priority == priority {
		return &b.levels[0]
	}
	i := 0
	for i < len(b.levels) && b.levels[i].priority > priority {
		i++
	}
	if i == len(b.levels) || b.levels[i].priority != priority {
		b.levels = slices.Insert(b.levels, i, level{priority: priority})
	}
	return &b.levels[i]
}

// push adds a job behind those of its priority.
func (b *backlog) push(j job) {
	l := b.level(j.head().priority)
	l.room()
	l.jobs[(l.head+l.n)&(len(l.jobs)-1)] = j
	l.n++
	b.n++
}

// back puts a job before those of its priority: it was taken and has not begun.
func (b *backlog) back(j job) {
	l := b.level(j.head().priority)
	l.room()
	l.head = (l.head - 1) & (len(l.jobs) - 1)
	l.jobs[l.head] = j
	l.n++
	b.n++
}

// room is how many places a ring keeps when it is empty.
const room = 1 << 10

func (l *level) room() {
	if l.n < len(l.jobs) {
		return
	}
	jobs := make([]job, max(16, 2*len(l.jobs)))
	k := copy(jobs, l.jobs[l.head:])
	copy(jobs[k:], l.jobs[:l.head])
	l.jobs, l.head = jobs, 0
}

// pop takes the next job, nil if there is none.
func (b *backlog) pop() job {
	for i := range b.levels {
		l := &b.levels[i]
		if l.n == 0 {
			continue
		}
		j := l.jobs[l.head]
		l.jobs[l.head] = nil
		l.head = (l.head + 1) & (len(l.jobs) - 1)
		if l.n--; l.n == 0 && len(l.jobs) > room {
			l.jobs, l.head = nil, 0
		}
		b.n--
		return j
	}
	return nil
}

// clear takes all jobs, in their order.
func (b *backlog) clear() []job {
	var all []job
	for j := b.pop(); j != nil; j = b.pop() {
		all = append(all, j)
	}
	return all
}

package process

import (
	"reflect"
	"slices"
)

// The hosted objects that have owners, or keep count of who waits. What a guest had
// of them when its process ended is seen to by gone.

// An owner is a thread of a guest.
type owner struct {
	of    *guest
	token uint64
}

type hostedRLock struct {
	by     owner
	levels int
	dead   bool
}

func (l *hostedRLock) gone(from *guest) { l.dead = l.dead || l.levels > 0 && l.by.of == from }

func (l *hostedRLock) owned(by owner) bool { return l.levels > 0 && !l.dead && l.by == by }

func (l *hostedRLock) taken() bool { return l.levels > 0 && !l.dead }

func (l *hostedRLock) take(by owner, levels int) { l.by, l.levels, l.dead = by, levels, false }

func (l *hostedRLock) call(from *guest, method string, args []any) ([]any, bool, error) {
	if method == "locked" {
		return one(l.levels > 0)
	}
	by := owner{from, args[0].(uint64)}
	switch {
	case l.dead && method != "recover":
		return refused(&OwnerDiedError{Object: "RLock"})
	case method == "acquire" || method == "recover":
		if l.owned(by) {
			l.levels++
			return noResult()
		}
		if l.taken() {
			return nil, false, nil
		}
		l.take(by, 1)
		return noResult()
	case method == "release":
		if !l.owned(by) {
			return refused(invalid("cannot release un-acquired lock", "release of a lock by a thread that does not own it"))
		}
		l.levels--
		return noResult()
	}
	return refused(unknown("lock", method))
}

// A hostedCondition has a reentrant lock of its own.
type hostedCondition struct {
	hostedRLock
	line []*dozer // in the order in which they came
	last int
}

// A dozer waits at a condition: until it has the lock again.
type dozer struct {
	of       *guest
	ticket   int
	notified bool
}

func (c *hostedCondition) gone(from *guest) {
	c.hostedRLock.gone(from)
	passOn := 0
	c.line = slices.DeleteFunc(c.line, func(d *dozer) bool {
		if d.of == from && d.notified {
			passOn++
		}
		return d.of == from
	})
	c.notify(passOn)
}

func (c *hostedCondition) notify(n int) {
	for _, d := range c.line {
		if n > 0 && !d.notified {
			d.notified = true
			n--
		}
	}
}

func (c *hostedCondition) call(from *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "sleep", "notify":
		by := owner{from, args[0].(uint64)}
		switch {
		case c.dead:
			return refused(&OwnerDiedError{Object: "Condition"})
		case !c.owned(by) && method == "sleep":
			return refused(invalid("cannot wait on un-acquired lock", "Wait at a condition whose lock is not held"))
		case !c.owned(by):
			return refused(invalid("cannot notify on un-acquired lock", "Notify of a condition whose lock is not held"))
		case method == "notify":
			c.notify(args[1].(int))
			return noResult()
		}
		c.last++
		c.line = append(c.line, &dozer{of: from, ticket: c.last})
		levels := c.levels
		c.levels = 0
		return []any{c.last, levels}, true, nil
	case "resume", "give_up":
		i := slices.IndexFunc(c.line, func(d *dozer) bool { return d.of == from && d.ticket == args[1].(int) })
		if i < 0 {
			return refused(unknown("condition", method))
		}
		d := c.line[i]
		switch {
		case method == "resume" && !d.notified:
			return nil, false, nil
		case c.taken():
			return nil, false, nil
		}
		c.line = slices.Delete(c.line, i, i+1)
		if c.dead {
			return refused(&OwnerDiedError{Object: "Condition"})
		}
		c.take(owner{from, args[0].(uint64)}, args[2].(int))
		return one(d.notified)
	}
	return c.hostedRLock.call(from, method, args)
}

type hostedSemaphore struct{ value, limit int }

func (s *hostedSemaphore) call(_ *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "acquire":
		if s.value == 0 {
			return nil, false, nil
		}
		s.value--
		return noResult()
	case "release":
		if s.value == s.limit {
			return refused(invalid("Semaphore released too many times", "release of a semaphore that has its greatest value, %d", s.limit))
		}
		s.value++
		return noResult()
	case "value":
		return one(s.value)
	}
	return refused(unknown("semaphore", method))
}

type hostedBarrier struct {
	parties int
	broken  bool
	last    int
	rounds  map[int]*hostedRound
}

// A hostedRound is what those who wait have come for.
type hostedRound struct {
	came         []*guest
	left         int // that have not learnt yet how it ended
	open, broken bool
}

// filling is the round that some wait in, nil if there is none.
func (b *hostedBarrier) filling() *hostedRound {
	if r := b.rounds[b.last]; r != nil && !r.open && !r.broken {
		return r
	}
	return nil
}

// stop sends those away who wait.
func (b *hostedBarrier) stop(broken bool) {
	b.broken = broken
	if r := b.filling(); r != nil {
		r.broken = true
	}
}

func (b *hostedBarrier) gone(from *guest) {
	if r := b.filling(); r != nil && slices.Contains(r.came, from) {
		b.stop(true)
	}
}

func (b *hostedBarrier) call(from *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "arrive":
		if b.broken {
			return refused(ErrBrokenBarrier)
		}
		r := b.filling()
		if r == nil {
			r = &hostedRound{}
			b.last++
			b.rounds[b.last] = r
		}
		r.came = append(r.came, from)
		r.left++
		r.open = len(r.came) == b.parties
		return []any{len(r.came) - 1, b.last}, true, nil
	case "pass", "give_up":
		r := b.rounds[args[0].(int)]
		if r == nil {
			return refused(unknown("barrier", method))
		}
		if !r.open && !r.broken && method == "pass" {
			return nil, false, nil
		}
		if !r.open && !r.broken {
			b.stop(true)
		}
		if r.left--; r.left == 0 {
			delete(b.rounds, args[0].(int))
		}
		if r.broken {
			return refused(ErrBrokenBarrier)
		}
		return noResult()
	case "abort":
		b.stop(true)
		return noResult()
	case "reset":
		b.stop(false)
		return noResult()
	case "parties":
		return one(b.parties)
	case "waiting":
		if r := b.filling(); r != nil {
			return one(len(r.came))
		}
		return one(0)
	case "broken":
		return one(b.broken)
	}
	return refused(unknown("barrier", method))
}

// A hostedArray has elements of one type, and always as many.
type hostedArray struct{ hostedList }

func (a *hostedArray) call(from *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "get", "len", "slice":
		return a.hostedList.call(from, method, args)
	case "set":
		i, err := a.index(args[0].(int), "array assignment index out of range")
		if err == nil {
			err = alike(append([]any{a.v[i]}, args[1]))
		}
		if err != nil {
			return refused(err)
		}
		a.v[i] = args[1]
		return noResult()
	}
	return refused(unknown("array", method))
}

// alike checks that values are of one type.
func alike(values []any) error {
	for _, v := range values {
		if reflect.TypeOf(v) != reflect.TypeOf(values[0]) {
			return invalid("", "a %T cannot be in an array of %T: its elements are of one type", v, values[0])
		}
	}
	return nil
}

package process

// The hosted objects that methods can wait for.

type hostedQueue struct {
	size       int // 0 or less is no limit
	v          []any
	unfinished int
}

func (q *hostedQueue) full() bool { return q.size > 0 && len(q.v) >= q.size }

func (q *hostedQueue) call(_ *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "put":
		if q.full() {
			return nil, false, nil
		}
		q.v = append(q.v, args[0])
		q.unfinished++
		return noResult()
	case "get":
		if len(q.v) == 0 {
			return nil, false, nil
		}
		v := q.v[0]
		q.v[0] = nil
		q.v = q.v[1:]
		return one(v)
	case "qsize":
		return one(len(q.v))
	case "full":
		return one(q.full())
	case "task_done":
		if q.unfinished == 0 {
			return refused(invalid("task_done() called too many times", "TaskDone called more often than Put"))
		}
		q.unfinished--
		return noResult()
	case "join":
		return nil, q.unfinished == 0, nil
	}
	return refused(unknown("queue", method))
}

// A hostedLock is held by a process, which releases it itself or dies.
type hostedLock struct {
	owner *guest
	held  bool
	dead  bool
}

func (l *hostedLock) gone(from *guest) {
	if l.held && l.owner == from {
		l.dead = true
	}
}

func (l *hostedLock) call(from *guest, method string, _ []any) ([]any, bool, error) {
	switch method {
	case "acquire", "recover":
		if l.dead && method == "acquire" {
			return refused(&OwnerDiedError{Object: "Lock"})
		}
		if l.held && !l.dead {
			return nil, false, nil
		}
		l.owner, l.held, l.dead = from, true, false
		return noResult()
	case "release":
		if l.dead {
			return refused(&OwnerDiedError{Object: "Lock"})
		}
		if !l.held {
			return refused(invalid("release unlocked lock", "release of a lock that nobody holds"))
		}
		l.owner, l.held = nil, false
		return noResult()
	case "locked":
		return one(l.held)
	}
	return refused(unknown("lock", method))
}

// A hostedEvent counts how often it was set, so that who waited while it was set
// and cleared is woken.
type hostedEvent struct {
	set  bool
	sets int
}

func (e *hostedEvent) call(_ *guest, method string, args []any) ([]any, bool, error) {
	switch method {
	case "set":
		if !e.set {
			e.set = true
			e.sets++
		}
		return noResult()
	case "clear":
		e.set = false
		return noResult()
	case "is_set":
		return []any{e.set, e.sets}, true, nil
	case "wait":
		// The first answer tells the count, from which the waiting begins.
		return nil, e.set || e.sets != args[0].(int), nil
	}
	return refused(unknown("event", method))
}

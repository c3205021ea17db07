package kernel

// deadline is the earliest moment that somebody waits for.
func (k *Explored) deadline() Time {
	at := Never
	for _, tm := range k.timers {
		at = min(at, tm.at)
	}
	for _, t := range k.tasks {
		at = min(at, t.virtual.until)
	}
	return at
}

// idle moves the clock to the earliest deadline and reports whether there was one.
func (k *Explored) idle() bool {
	at := k.deadline()
	if at == Never {
		return false
	}
	k.now = max(k.now, at)
	due := make([]*exploredTimer, 0, len(k.timers))
	rest := k.timers[:0]
	for _, tm := range k.timers {
		if tm.at <= k.now {
			due = append(due, tm)
		} else {
			rest = append(rest, tm)
		}
	}
	k.timers = rest
	for _, tm := range due {
		tm.fn()
	}
	for _, t := range k.tasks {
		if v := &t.virtual; v.until <= k.now && !k.enabled.has(v.index) {
			v.wake = TimedOut
			k.Enable(t)
		}
	}
	return true
}

// After calls fn when nobody is enabled and at is the earliest deadline.
func (k *Explored) After(_ *Task, at Time, fn func()) Timer {
	tm := &exploredTimer{k: k, at: at, fn: fn}
	k.timers = append(k.timers, tm)
	return tm
}

type exploredTimer struct {
	k  *Explored
	at Time
	fn func()
}

func (t *exploredTimer) Stop() bool {
	for i, o := range t.k.timers {
		if o == t {
			t.k.timers = append(t.k.timers[:i], t.k.timers[i+1:]...)
			return true
		}
	}
	return false
}

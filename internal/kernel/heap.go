package kernel

// item is something that is due at a time: a task that continues, a wait that
// times out, a call. Items are embedded in their owners; pushing one does not
// allocate.
type item struct {
	at   Time
	rank uint64 // breaks ties: a keyed hash of seed and path, never push order
	seq  uint64 // breaks ties of one owner
	pos  int    // index in its heap plus one; 0 when in none
	kind itemKind
	task *Task
	fn   func()
	dom  *Domain
}

type itemKind uint8

const (
	itemResume  itemKind = iota // task is on a core and continues
	itemReady                   // task wants a core
	itemTimeout                 // task's wait times out
	itemCall                    // fn is called
	itemPreempt                 // somebody's core slice ends
)

func (a *item) less(b *item) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if a.rank != b.rank {
		return a.rank < b.rank
	}
	return a.seq < b.seq
}

// heap is a binary heap of items that know where they stand, so that they can
// be removed.
type heap []*item

func (h heap) top() *item {
	if len(h) == 0 {
		return nil
	}
	return h[0]
}

func (h *heap) push(it *item) {
	*h = append(*h, it)
	it.pos = len(*h)
	h.up(len(*h) - 1)
}

func (h *heap) remove(it *item) {
	i := it.pos - 1
	it.pos = 0
	last := len(*h) - 1
	moved := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	if i == last {
		return
	}
	(*h)[i] = moved
	moved.pos = i + 1
	h.up(i)
	h.down(moved.pos - 1)
}

func (h heap) up(i int) {
	it := h[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !it.less(h[parent]) {
			break
		}
		h[i] = h[parent]
		h[i].pos = i + 1
		i = parent
	}
	h[i] = it
	it.pos = i + 1
}

func (h heap) down(i int) {
	it := h[i]
	for {
		child := 2*i + 1
		if child >= len(h) {
			break
		}
		if r := child + 1; r < len(h) && h[r].less(h[child]) {
			child = r
		}
		if !h[child].less(it) {
			break
		}
		h[i] = h[child]
		h[i].pos = i + 1
		i = child
	}
	h[i] = it
	it.pos = i + 1
}

// agenda is everything that is due on a machine: a heap of domains ordered by
// their earliest items. Keeping the domains apart is what tells a task how far
// it may run ahead of the others.
type agenda struct {
	domains []*Domain
	seq     uint64
}

// least returns the earliest item of all, or nil.
func (a *agenda) least() *item {
	if len(a.domains) == 0 {
		return nil
	}
	return a.domains[0].items.top()
}

func (a *agenda) push(d *Domain, it *item) {
	a.seq++
	it.seq = a.seq
	it.dom = d
	d.items.push(it)
	if d.slot == 0 {
		a.domains = append(a.domains, d)
		d.slot = len(a.domains)
	}
	a.up(d.slot - 1)
}

func (a *agenda) remove(it *item) {
	if it.pos == 0 {
		return
	}
	d := it.dom
	d.items.remove(it)
	i := d.slot - 1
	if len(d.items) > 0 {
		a.up(i)
		a.down(d.slot - 1)
		return
	}
	d.slot = 0
	last := len(a.domains) - 1
	moved := a.domains[last]
	a.domains[last] = nil
	a.domains = a.domains[:last]
	if i != last {
		a.domains[i] = moved
		moved.slot = i + 1
		a.up(i)
		a.down(moved.slot - 1)
	}
}

func (a *agenda) before(i, j int) bool {
	return a.domains[i].items[0].less(a.domains[j].items[0])
}

func (a *agenda) swap(i, j int) {
	a.domains[i], a.domains[j] = a.domains[j], a.domains[i]
	a.domains[i].slot = i + 1
	a.domains[j].slot = j + 1
}

func (a *agenda) up(i int) {
	for i > 0 && a.before(i, (i-1)/2) {
		a.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (a *agenda) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(a.domains) {
			return
		}
		if r := child + 1; r < len(a.domains) && a.before(r, child) {
			child = r
		}
		if !a.before(child, i) {
			return
		}
		a.swap(i, child)
		i = child
	}
}

// others returns the earliest time at which a domain other than d has something
// due, Never when none has. The domain of the machine itself, whose items
// concern everybody, is left out.
func (a *agenda) others(d, machine *Domain) Time {
	if len(a.domains) == 0 {
		return Never
	}
	// The least domain that counts is the root or near it: at most two domains
	// are passed over, so a look at the first few levels finds it.
	return a.othersBelow(0, d, machine)
}

func (a *agenda) othersBelow(i int, d, machine *Domain) Time {
	if i >= len(a.domains) {
		return Never
	}
	if e := a.domains[i]; e != d && e != machine {
		return e.items[0].at
	}
	return min(a.othersBelow(2*i+1, d, machine), a.othersBelow(2*i+2, d, machine))
}

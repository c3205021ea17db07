package process

import "sync/atomic"

// Sleepers counts those who wait and were not notified, in all processes that live.
func (c *Condition) Sleepers() (n int) {
	for i := range c.rows() {
		row := &c.mem.row[i]
		if owner := atomic.LoadUint32(&row.owner); owner != 0 && c.seg.Alive(owner) {
			n += int(atomic.LoadUint64(&row.counts) >> 32)
		}
	}
	return n
}

// NotifiedIn returns the first row with a notification that is under way.
func (c *Condition) NotifiedIn() int {
	for i := range c.rows() {
		row := &c.mem.row[i]
		if uint32(atomic.LoadUint64(&row.counts)) != atomic.LoadUint32(&row.done) {
			return int(i)
		}
	}
	return -1
}

// Look gives the notifications of the dead to others, as sleepers do now and then.
func (c *Condition) Look() { c.look() }

// Remnants counts the free places in which something of those who had them is left.
func (c *Condition) Remnants() (n int) {
	for i := range c.rows() {
		row := &c.mem.row[i]
		if atomic.LoadUint32(&row.owner) == 0 && (atomic.LoadUint64(&row.counts) != 0 || row.done != 0 || row.claimed != 0) {
			n++
		}
	}
	return n
}

// GiveUp does what a waiter does whose time is over, after a notification came for it or
// before one does, and says whether it was notified.
func (c *Condition) GiveUp(after bool) (notified bool, err error) {
	row, err := c.row()
	if err != nil {
		return false, err
	}
	atomic.AddUint64(&row.counts, 1<<32)
	if after {
		c.grant(row, 1)
	}
	if notified = c.quit(row); notified {
		atomic.AddUint32(&row.done, 1)
	}
	return notified, nil
}

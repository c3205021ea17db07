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

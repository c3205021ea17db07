package explore_test

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// posixCondition is a condition that is signalled after its lock has been released, as
// programs in C do and those in Python cannot. That is one operation where a
// notification with the lock around it is three, of which two take part in the order
// of the lock.
type posixCondition struct {
	lock    *threading.Lock
	waiting *gil.List[*threading.Semaphore]
}

func newPosixCondition(lock *threading.Lock) *posixCondition {
	return &posixCondition{lock, gil.NewList[*threading.Semaphore]("waiting")}
}

// Wait is called with the lock held.
func (c *posixCondition) Wait(t *gil.Thread) {
	called := threading.NewSemaphore(0)
	c.waiting.Append(t, called)
	c.lock.Release(t)
	called.Acquire(t)
	c.lock.Acquire(t)
}

// Signal wakes whoever has waited longest.
func (c *posixCondition) Signal(t *gil.Thread) {
	if called, err := c.waiting.PopAt(t, 0); err == nil {
		called.Release(t)
	}
}

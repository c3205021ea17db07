package kernel

// hold keeps the other tasks of t's domain from coming before its pending operation.
func (k *Explored) hold(t *Task) {
	t.Domain.holder = t
	k.held++
	k.easy = 0
}

// release ends hold.
func (k *Explored) release(t *Task) {
	t.Domain.holder = nil
	k.held--
	k.weigh()
}

// unheld are the enabled tasks without those whose domain somebody holds who can go
// on himself.
func (k *Explored) unheld() *Set {
	k.free.CopyFrom(&k.enabled)
	for i := k.enabled.Next(0); i >= 0; i = k.enabled.Next(i + 1) {
		t := k.tasks[i]
		if h := t.Domain.holder; h != nil && h != t && k.enabled.has(h.virtual.index) {
			k.free.remove(i)
		}
	}
	return &k.free
}

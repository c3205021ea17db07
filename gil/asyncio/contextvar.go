package asyncio

// binding is one value of one variable; a task's values are a list whose tail is
// shared with the task that made it, so copying them at creation costs nothing.
type binding struct {
	key   any
	value any
	up    *binding
}

// ContextVar is a variable of which every task has its own value, copied from the
// task that creates it. Python: contextvars.ContextVar.
type ContextVar[T any] struct {
	name     string
	fallback T
}

// NewContextVar makes a variable with a default value. Python:
// contextvars.ContextVar(name, default=fallback).
func NewContextVar[T any](name string, fallback T) *ContextVar[T] {
	return &ContextVar[T]{name, fallback}
}

// Name is the variable's name. Python: var.name.
func (v *ContextVar[T]) Name() string { return v.name }

// Get returns the task's value. Python: ContextVar.get.
func (v *ContextVar[T]) Get(co *Co) T {
	for b := co.vars; b != nil; b = b.up {
		if b.key == any(v) {
			return b.value.(T)
		}
	}
	return v.fallback
}

// Set sets the task's value; tasks that exist already keep theirs. Python:
// ContextVar.set.
func (v *ContextVar[T]) Set(co *Co, value T) { co.vars = &binding{v, value, co.vars} }

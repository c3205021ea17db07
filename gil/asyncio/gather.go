package asyncio

// gathering is the outer future of a gather: cancelling it cancels the children.
type gathering struct {
	outer *future
	asked bool
}

func (g *gathering) cancel(why *CancelledError) bool {
	any := false
	for _, c := range g.outer.on {
		if c.cancel(why) {
			any = true
		}
	}
	g.asked = g.asked || any
	return any
}

// Outcome is how one of several ended.
type Outcome[T any] struct {
	Value T     // what it returned
	Err   error // how it failed, nil when it did not
}

// gather wires the children of a gather. keep says that errors are values;
// collect stores the values once all have ended.
func gather(outer *future, l *Loop, children []*future, keep bool, collect func()) {
	g := &gathering{outer: outer}
	outer.loop, outer.gathering, outer.what, outer.on = l, g, "gather", children
	distinct := make([]*future, 0, len(children))
	seen := make(map[*future]bool, len(children))
	for _, c := range children {
		if !seen[c] {
			seen[c] = true
			distinct = append(distinct, c)
		}
	}
	left := len(distinct)
	var late []*future
	one := func(c *future) {
		left--
		if outer.state != pending {
			c.retrieved = true
			return
		}
		if !keep && c.state == cancelled {
			outer.finish(c.err)
			return
		}
		c.retrieved = true
		if !keep && c.err != nil {
			outer.finish(c.err)
			return
		}
		if left > 0 {
			return
		}
		if g.asked {
			why := error(noReason)
			if c.state == cancelled {
				why = c.err
			}
			outer.finish(why)
			return
		}
		collect()
		outer.finish(nil)
	}
	for _, c := range distinct {
		if c.state != pending {
			late = append(late, c)
			continue
		}
		c.add(link{cb: &callback{func() { one(c) }}})
	}
	for _, c := range late {
		one(c)
	}
}

// Gather runs the functions as tasks and returns their values in the order of the
// arguments. The first error, or cancellation of one of them, is returned at once
// and the others go on; cancelling the caller cancels them all. Python: await
// asyncio.gather(*coros).
func Gather[T any](co *Co, fns ...func(co *Co) (T, error)) ([]T, error) {
	if err := co.check(); err != nil {
		return nil, err
	}
	aws := make([]Awaiter[T], len(fns))
	for _, i := range co.loop.gatherOrder().starts(len(fns), always) {
		aws[i] = Go(co, "", fns[i])
	}
	f, err := GatherFutures(co, aws...)
	if err != nil {
		return nil, err
	}
	return f.Await(co)
}

// GatherAll is Gather for functions without a value. Python: asyncio.gather.
func GatherAll(co *Co, fns ...func(co *Co) error) error {
	if err := co.check(); err != nil {
		return err
	}
	children := make([]*future, len(fns))
	for _, i := range co.loop.gatherOrder().starts(len(fns), always) {
		children[i] = goAll(co, "", fns[i])
	}
	f := NewFuture[struct{}](co.loop)
	if len(children) == 0 {
		return nil
	}
	gather(&f.f, co.loop, children, false, func() {})
	_, err := f.Await(co)
	return err
}

// procedure is a task without a value.
type procedure struct {
	f  future
	co Co
	fn func(co *Co) error
}

func (p *procedure) perform(co *Co) error {
	fn := p.fn
	p.fn = nil
	return fn(co)
}

// goAll makes a task without a value.
func goAll(co *Co, name string, fn func(co *Co) error) *future {
	if fn == nil {
		panic(badValue("a coroutine was expected", "the task's function is nil"))
	}
	co.loop.open()
	p := &procedure{fn: fn}
	p.f.loop = co.loop
	co.loop.start(&p.co, &p.f, p, co.loop.factory, name)
	return &p.f
}

// GatherFutures returns the future of a gather of tasks, futures and coroutine
// objects; one that is named twice runs once and gives its value twice. With no
// arguments it is done already. Python: asyncio.gather.
func GatherFutures[T any](co *Co, aws ...Awaiter[T]) (*Future[[]T], error) {
	f := NewFuture[[]T](co.loop)
	ready, children, err := ensureAll(co, aws)
	if err != nil || len(aws) == 0 {
		_ = f.SetResult([]T{})
		return f, err
	}
	gather(&f.f, co.loop, children, false, func() {
		vs := make([]T, len(ready))
		for i, a := range ready {
			vs[i], _ = a.result()
		}
		f.val = vs
	})
	return f, nil
}

// GatherOutcomes is GatherFutures with errors, cancellations included, among the
// values. Python: asyncio.gather(return_exceptions=True).
func GatherOutcomes[T any](co *Co, aws ...Awaiter[T]) (*Future[[]Outcome[T]], error) {
	f := NewFuture[[]Outcome[T]](co.loop)
	ready, children, err := ensureAll(co, aws)
	if err != nil || len(aws) == 0 {
		_ = f.SetResult([]Outcome[T]{})
		return f, err
	}
	gather(&f.f, co.loop, children, true, func() {
		vs := make([]Outcome[T], len(ready))
		for i, a := range ready {
			vs[i].Value, vs[i].Err = a.result()
		}
		f.val = vs
	})
	return f, nil
}

// ensureAll schedules what is a coroutine, in the order of the arguments.
func ensureAll[T any](co *Co, aws []Awaiter[T]) ([]Awaiter[T], []*future, error) {
	ready := make([]Awaiter[T], len(aws))
	children := make([]*future, len(aws))
	for _, i := range co.loop.gatherOrder().starts(len(aws), func(i int) bool { return isCoroutine(aws[i]) }) {
		t, err := aws[i].typed(co)
		if err != nil {
			return nil, nil, err
		}
		ready[i] = t
		if children[i], err = co.own(t); err != nil {
			return nil, nil, err
		}
	}
	return ready, children, nil
}

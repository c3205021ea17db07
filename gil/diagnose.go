package gil

import (
	"context"
	"log/slog"
	"runtime/pprof"
	"runtime/trace"
	"sync"
)

// WithPprofLabels labels the goroutines of live threads for profiles: gil.thread
// and gil.interp.
func WithPprofLabels() Option { return optionFunc(func(c *options) { c.labels = true }) }

// WithTraceRegions makes the life of each live thread a region of the trace that
// package runtime/trace writes, named "gil.thread " and the thread's name, so that
// go tool trace shows which goroutine is which thread. A thread that began before the
// trace did has none. It has no effect in virtual worlds, where time is not real.
func WithTraceRegions() Option { return optionFunc(func(c *options) { c.regions = new(sync.Map) }) }

// label labels a live thread's goroutine for profiles and traces.
func (t *Thread) label() {
	opts := &t.interp.w.opts
	if !t.interp.live || !opts.labels && opts.regions == nil {
		return
	}
	if opts.labels {
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(),
			pprof.Labels("gil.thread", t.name, "gil.interp", t.interp.Name())))
	}
	if opts.regions != nil {
		opts.regions.Store(t, trace.StartRegion(context.Background(), "gil.thread "+t.name))
	}
}

// unlabel takes the labels off a goroutine that goes on after the thread: the
// caller of Run or Enter.
func (t *Thread) unlabel() {
	opts := &t.interp.w.opts
	if !t.interp.live || !opts.labels && opts.regions == nil {
		return
	}
	if opts.labels {
		pprof.SetGoroutineLabels(context.Background())
	}
	if opts.regions != nil {
		if r, ok := opts.regions.LoadAndDelete(t); ok {
			r.(*trace.Region).End()
		}
	}
}

// LogValue is what package log/slog writes of a thread: name, number, interpreter and
// whether it is a daemon. Anybody may call it.
func (t *Thread) LogValue() slog.Value {
	if t == nil {
		return slog.StringValue("<nil>")
	}
	return slog.GroupValue(
		slog.String("name", t.Name()),
		slog.Uint64("ident", t.Ident()),
		slog.String("interp", t.Interpreter().Name()),
		slog.Bool("daemon", t.Daemon()),
	)
}

// LogValue is what package log/slog writes of the counts: those of the GIL, and how
// many threads there are figures of.
func (s Stats) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int64("acquisitions", s.Acquisitions),
		slog.Int64("switches", s.Switches),
		slog.Int64("forced", s.Forced),
		slog.Int64("voluntary", s.Voluntary),
		slog.Int64("failed_wakeups", s.FailedWakeups),
		slog.Int64("checks", s.Checks),
		slog.Duration("held", s.Held),
		slog.Int("threads", len(s.Threads)),
	)
}

// LogValue is what package log/slog writes of a thread's part.
func (s ThreadStats) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("name", s.Name),
		slog.Int64("ticks", s.Ticks),
		slog.Duration("held", s.Held),
		slog.Any("times", s.Times),
	)
}

// LogValue is what package log/slog writes of a life by state.
func (t Times) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Duration("run", t.Run),
		slog.Duration("ready_core", t.ReadyCore),
		slog.Duration("wait_gil", t.WaitGIL),
		slog.Duration("wait_lock", t.WaitLock),
		slog.Duration("wait_join", t.WaitJoin),
		slog.Duration("io", t.IO),
		slog.Duration("sleep", t.Sleep),
		slog.Duration("c_call", t.CCall),
	)
}

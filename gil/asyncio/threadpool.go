package asyncio

import (
	"strconv"
	"sync"

	"github.com/pygil/pygil/gil"
)

// ThreadPool is the executor that a loop has by default: threads that are started as jobs come and
// nobody is idle, up to a limit.
type ThreadPool struct {
	gate gil.Gate // a permit per job; open for good at the end
	max  int

	mu      sync.Mutex // guards what follows, for a few instructions
	jobs    []func(t *gil.Thread)
	threads []*gil.Thread
	idle    int
	down    bool
}

// NewThreadPool makes an executor of at most n threads, started as jobs come. Shut
// it down after use. It panics with a *gil.ValueError when n < 1. Python:
// ThreadPoolExecutor(n), as far as a loop needs it; package pool has all of it.
func NewThreadPool(t *gil.Thread, n int) *ThreadPool {
	if n < 1 {
		panic(badValue("max_workers must be greater than 0", "NewThreadPool(%d): at least 1 thread", n))
	}
	p := &ThreadPool{max: n}
	p.gate.Init(t, 0, "thread pool of "+t.Name())
	return p
}

var _ Executor = (*ThreadPool)(nil)

// size is the number of threads; all of them wait for the loop sooner or later.
func (p *ThreadPool) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.threads)
}

// Execute queues a job, and starts a thread if nobody is idle.
func (p *ThreadPool) Execute(by *gil.Thread, work func(t *gil.Thread)) error {
	p.mu.Lock()
	if p.down {
		p.mu.Unlock()
		return misuse("cannot schedule new futures after shutdown", "the loop's thread pool is shut down")
	}
	p.jobs = append(p.jobs, work)
	grow := p.idle == 0 && len(p.threads) < p.max
	if p.idle > 0 {
		p.idle--
	}
	var t *gil.Thread
	if grow {
		t = by.NewThread("asyncio_"+strconv.Itoa(len(p.threads)), p.work)
		p.threads = append(p.threads, t)
	}
	p.mu.Unlock()
	p.gate.Open(by, gil.OpPut, 1)
	if grow {
		t.Start(by)
	}
	return nil
}

// work is the life of a pool thread.
func (p *ThreadPool) work(t *gil.Thread) {
	for {
		p.gate.Pass(t, gil.OpGet, gil.Forever)
		p.mu.Lock()
		if len(p.jobs) == 0 {
			p.mu.Unlock()
			return // the gate is open for good
		}
		job := p.jobs[0]
		p.jobs[0] = nil
		p.jobs = p.jobs[1:]
		p.mu.Unlock()
		job(t)
		p.mu.Lock()
		p.idle++
		p.mu.Unlock()
	}
}

// close lets the threads end when the jobs are done.
func (p *ThreadPool) close(by *gil.Thread) []*gil.Thread {
	p.mu.Lock()
	p.down = true
	ts := p.threads
	p.mu.Unlock()
	p.gate.Open(by, gil.OpSet, gil.All)
	return ts
}

// Shutdown waits until all jobs are done. Python: executor.shutdown().
func (p *ThreadPool) Shutdown(by *gil.Thread) error {
	gil.JoinAll(by, p.close(by)...)
	return nil
}

// shutExecutor ends the loop's own pool: from 3.9 on its threads are joined here,
// before only at the end of the interpreter.
func (l *Loop) shutExecutor() {
	p := l.executor
	if p == nil {
		return
	}
	if l.rules.joinsExecutor() {
		_ = p.Shutdown(l.t) // it has no error
		return
	}
	p.close(l.t)
}

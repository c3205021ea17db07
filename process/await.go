package process

import (
	"context"
	"time"

	"github.com/pygil/pygil/internal/exits"
)

// stuckEvery is how often a Join asks whether the child waits for this process.
const stuckEvery = 100 * time.Millisecond

// await waits until the child has ended, or ctx, or the limit comes. It returns early
// with what keeps the child from ending when this process has to do something about
// it.
func (p *Process) await(ctx context.Context, limit <-chan time.Time) error {
	p.mu.Lock()
	pid := p.pid
	p.mu.Unlock()
	tick := time.NewTicker(stuckEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.done:
			return nil
		case <-ctx.Done():
			return nil
		case <-limit:
			return nil
		case <-tick.C:
			if err := exits.Stuck(pid); err != nil {
				return err
			}
		}
	}
}

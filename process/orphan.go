package process

import (
	"context"
	"os"

	"github.com/pygil/pygil/pipe"
)

// OrphanCode is the exit code of a process that ends because its parent has died:
// what a shell shows for one that SIGTERM ended.
const OrphanCode = 128 + 15

// watchParent waits for the end of the parent. The parent holds the other end of
// the lifeline, and nobody else does: it closes when the parent ends, however
// that happens, and never before.
//
// The kernel's own means, a signal at the parent's death, is tied to the thread
// that started the child, which may end long before its process.
func watchParent(lifeline *pipe.Conn, p *Process, bound bool) {
	for {
		if _, err := lifeline.RecvBytes(context.Background()); err != nil {
			break
		}
	}
	close(p.done)
	p.sentinel.rise()
	if bound {
		os.Exit(OrphanCode)
	}
}

package pool

import "context"

// An engine runs jobs.
type engine interface {
	// submit takes a job. It may wait for room, if it may wait; its error says that the
	// job was not taken.
	submit(ctx context.Context, j job, wait bool) error
	// close says that no more jobs come; workers end when all are done.
	close(ctx context.Context)
	// clear gives back the jobs that have not begun.
	clear(ctx context.Context) []job
	// terminate ends everything. What was running fails if it can be ended.
	terminate(ctx context.Context)
	// abort ends the running jobs of a group, with an error, if they can be ended.
	abort(ctx context.Context, group *state, err error)
	// join waits for the workers.
	join(ctx context.Context) error
	resize(ctx context.Context, n int) error
	size(ctx context.Context) int
	stats(ctx context.Context) Stats
	// closed reports whether jobs are refused, and by what.
	closed(ctx context.Context) error
	// remote reports whether jobs travel.
	remote() bool
}

package explore

import (
	"fmt"

	"github.com/pygil/pygil/internal/kernel"
)

// WithLeaks makes a thread that is left when the main function has returned, and
// that nobody has joined, a failure of kind Leak. Python itself joins such threads,
// or ends them if they are daemons, so this is a matter of taste.
func WithLeaks() Option { return optionFunc(func(c *config) { c.leaks = true }) }

// verdict is how the run just done failed: its error, or what the explorer itself
// has been asked to look for.
func (r *runner) verdict(err error) error {
	if stray := r.strays.verdict(len(r.threads)); stray != nil {
		return stray
	}
	if c, ok := r.strategy.(interface{ complaint() error }); ok && err == nil {
		err = c.complaint()
	}
	if err == nil && r.conf.races {
		err = r.raced()
	}
	if err == nil && r.conf.leaks {
		err = r.leaked()
	}
	return err
}

// leaked is the diagnosis of threads that were left when the main function had
// returned, nil when there is none.
func (r *runner) leaked() error {
	for n := range r.steps {
		s := &r.steps[n]
		if s.kind != kernel.OpJoin || s.flags&implicit == 0 {
			continue
		}
		for i := range r.threads {
			if r.threads[i].end == s.obj && !r.threads[i].daemon {
				return leak(r.nameOf(i), "still ran when the main function had returned, and nobody has joined it")
			}
		}
	}
	for i := range r.threads {
		if t := &r.threads[i]; t.daemon && !t.over {
			return leak(r.nameOf(i), "is a daemon that had not ended when the program did: its work is lost")
		}
	}
	return nil
}

func leak(thread, how string) error {
	return &Diagnosis{Kind: Leak, Text: fmt.Sprintf("thread %s %s; join it", thread, how), Threads: []string{thread}}
}

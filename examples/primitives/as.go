package main

import (
	"context"

	"github.com/pygil/pygil/gil"
)

// as gives a method of package process, which takes any context, a thread.
func as(do func(ctx context.Context) error) func(t *gil.Thread) error {
	return func(t *gil.Thread) error { return do(t) }
}

func tries(do func(ctx context.Context) (bool, error)) func(t *gil.Thread) bool {
	return func(t *gil.Thread) bool { return got(do(t)) }
}

package main

import (
	"slices"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
)

// till is a counter in memory that processes share.
type till struct {
	N    *process.Value[int]
	Lock *process.Lock
}

// add1 is what a process does with it.
var add1 = process.DefineTarget("races.add", func(t *gil.Thread, in till) error {
	add := func() error {
		n, err := in.N.Load(t)
		if err != nil {
			return err
		}
		return in.N.Store(t, n+1)
	}
	if in.Lock == nil {
		return add()
	}
	if err := in.Lock.Acquire(t); err != nil {
		return err
	}
	defer func() { _ = in.Lock.Release(t) }()
	return add()
})

// shared are all values of a counter to which two processes add 1.
func shared(s *cli.Show, locked bool) []int {
	var all []int
	for _, o := range explore.Outcomes(func(t *gil.Thread) int {
		n, err := process.NewValue(t, 0)
		check(err)
		in := till{N: n}
		if locked {
			in.Lock, err = process.NewLock(t)
			check(err)
		}
		p, err := add1.Start(t, in)
		check(err)
		q, err := add1.Start(t, in)
		check(err)
		check(p.Join(t))
		check(q.Join(t))
		v, err := n.Load(t)
		check(err)
		return v
	}, explore.WithProfile(s.Python), explore.WithMaxSchedules(300)) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

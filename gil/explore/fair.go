package explore

import "github.com/pygil/pygil/internal/kernel"

// fairness is the filter in front of a strategy.
type fairness struct{}

func (f *fairness) reset() {}

func (f *fairness) filter(_ *runner, enabled *kernel.Set) *kernel.Set { return enabled }

func (f *fairness) performed(*runner, int, Op) {}

package explore

import "github.com/pygil/pygil/internal/kernel"

// WithKillPoints kills processes: at up to n points of a schedule an emulated process
// that the program has started ends on the spot, as by SIGKILL. Such a point may be
// before every operation that other processes can notice, and before the process's
// end. Where it is, is drawn as the program's own draws are: strategies that cover
// everything try all of them, the others try few or many by chance, and a schedule
// that kills says so by a deviation like 1@5>#1. Replaying it takes the same option.
func WithKillPoints(n int) Option { return optionFunc(func(c *config) { c.kills = n }) }

// deaths is an object that stands for who is alive: any operation may depend on it.
const deaths kernel.ObjID = 0xdead

// killRates are how often chance kills: one in so many, 0 is never.
var killRates = []int{0, 3, 8, 24}

// dies draws whether the process dies, for strategies that do not draw.
func (r *runner) dies() int {
	if r.killRate < 0 {
		r.killRate = killRates[r.chance.below(len(killRates))]
	}
	if r.killRate > 0 && r.chance.below(r.killRate) == 0 {
		return 1
	}
	return 0
}

// shown are the draws without those by which processes die or not: their deaths are
// operations.
func (a *account) shown() (list []draw) {
	for _, d := range a.draws {
		if !d.fatal {
			list = append(list, d)
		}
	}
	return list
}

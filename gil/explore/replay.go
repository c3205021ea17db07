package explore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pygil/pygil/internal/kernel"
)

// follower is the strategy that performs a schedule. It finds deviations by hashes
// of thread paths: no text is made while a schedule is replayed.
type follower struct {
	list    []Deviation
	instead []uint64       // path hashes
	at      map[uint64]int // where the deviations from a thread and operation begin
	same    []int          // the next deviation from the same thread and operation, -1
	draws   stated
	used    []bool
	strict  bool
	diverge error // where the program did something else
}

// follow returns the strategy that performs s: it applies the deviations that make
// sense in the program as it is and leaves the others out.
func follow(s Schedule, strict bool) *follower {
	n := len(s.Deviations)
	f := &follower{
		list: s.Deviations, strict: strict,
		instead: make([]uint64, n), same: make([]int, n), used: make([]bool, n),
		at: make(map[uint64]int, n), draws: statedBy(s.Deviations),
	}
	for i := n - 1; i >= 0; i-- {
		d := &f.list[i]
		if d.isDraw() {
			continue
		}
		f.instead[i] = pathHash(d.Instead)
		key := kernel.Hash(pathHash(d.Thread), uint64(d.Op))
		f.same[i] = -1
		if j, ok := f.at[key]; ok {
			f.same[i] = j
		}
		f.at[key] = i
	}
	return f
}

// pathHash is the path member of threadInfo for a path's text.
func pathHash(path string) uint64 {
	h := uint64(0)
	if path == "0" {
		return h
	}
	if hash, ok := strings.CutPrefix(path, "x"); ok {
		h, _ = strconv.ParseUint(hash, 16, 64)
		return h
	}
	for one := range strings.SplitSeq(path, ".") {
		n, _ := strconv.ParseUint(one, 10, 31)
		h = kernel.Hash(h, n)
	}
	return h
}

// Name is what reports call it.
func (f *follower) Name() string { return "replay" }

// Start makes the deviations new.
func (f *follower) Start(int, uint64) bool {
	f.diverge = nil
	clear(f.used)
	return true
}

// Choose looks for the first deviation, not yet applied, from what the base order
// is about to do.
func (f *follower) Choose(p *Point) int {
	i := f.pending(p)
	if i < 0 {
		return p.base
	}
	f.used[i] = true
	for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
		if p.r.threads[t].path == f.instead[i] {
			return t
		}
	}
	if f.diverge == nil {
		f.diverge = fmt.Errorf("explore: deviation %v cannot be followed: thread %s cannot run there", f.list[i], f.list[i].Instead)
	}
	return p.base
}

// Draw returns the number that the schedule says, 0 if it says none.
func (f *follower) Draw(p *Point, thread, n int) int {
	d, ok := f.draws.next(p.r, thread)
	if !ok {
		return 0
	}
	f.used[d.deviation] = true
	if d.value < n {
		return d.value
	}
	if f.diverge == nil {
		f.diverge = fmt.Errorf("explore: deviation %v cannot be followed: %d numbers from 0 are to be drawn from there", f.list[d.deviation], n)
	}
	return 0
}

// pending is the first deviation, not yet applied, from what the base order is about
// to do, -1 when there is none.
func (f *follower) pending(p *Point) int {
	if len(f.list) == 0 {
		return -1
	}
	b := &p.r.threads[p.base]
	i, ok := f.at[kernel.Hash(b.path, uint64(b.ops)+1)]
	if !ok {
		return -1
	}
	for i >= 0 && f.used[i] {
		i = f.same[i]
	}
	return i
}

// replay performs the schedule once and returns what the run returned.
func (r *runner) replay(s Schedule, strict bool) (f *follower, err error) {
	f = follow(s, strict)
	f.Start(0, 0)
	return f, r.run(f)
}

// divergence says in what the run just done is not the one that s was recorded of.
func (r *runner) divergence(f *follower, s Schedule) error {
	if f.diverge != nil {
		return f.diverge
	}
	for i, u := range f.used {
		if !u {
			return fmt.Errorf("explore: the run ended before deviation %v", f.list[i])
		}
	}
	if got := r.fingerprint(); s.Fingerprint != 0 && got != s.Fingerprint {
		return fmt.Errorf("explore: the run performed other operations than the recorded one (fingerprint %08x, recorded %08x): "+
			"the program has changed or is not deterministic", got, s.Fingerprint)
	}
	return nil
}

// failure describes the run just done, schedule number n of a search.
func (r *runner) failure(err error, n int) *Failure {
	s := r.schedule()
	s.Kind = classify(err)
	return &Failure{Kind: s.Kind, Err: err, Schedule: s, Schedules: n + 1, Steps: len(r.steps)}
}

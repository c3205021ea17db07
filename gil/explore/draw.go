package explore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pygil/pygil/internal/kernel"
)

// Drawer is a Strategy that also takes what the program draws by gil.Thread.Choose.
// Under one that does not, draws are random, from the seed of the search and the
// number of the schedule.
//
// A draw is no operation and no place for a switch. It belongs to what its thread
// does between two operations; the number that replays take where nothing else is
// said is 0.
type Drawer interface {
	Strategy
	// Draw returns a number in [0, n) for the thread, or the search panics. Of the
	// methods of p those about threads and their number of operations are of use.
	Draw(p *Point, thread, n int) int
}

// drawn is a draw of a run.
type drawn struct {
	step   int32 // operations of the run before it
	thread int32
	op     int32 // the operation of its thread that it is on the way to, counted from 1
	nth    int32 // the how many'th on that way, from 1
	value  int32
	of     int32
}

// Draw is called by the kernel for a draw of the program.
func (r *runner) Draw(k *kernel.Explored, t *kernel.Task, kind kernel.ChoiceKind, n int) int {
	r.fatal = kind == kernel.ChooseKill
	if len(r.threads) != len(k.Tasks()) {
		r.grow()
	}
	i := t.Index()
	nth := r.nthDraw(i)
	r.point.set, r.point.cur, r.point.base = k.Enabled(), i, i
	v := r.drawFor(r.strategy, i, n)
	if v < 0 || v >= n {
		if r.wrong == nil {
			r.wrong = fmt.Errorf("explore: strategy %s drew %d where %d numbers from 0 are to be drawn from", r.strategy.Name(), v, n)
		}
		v = 0
	}
	r.drawn = append(r.drawn, drawn{int32(len(r.steps)), int32(i), r.threads[i].ops + 1, nth, int32(v), int32(n)})
	r.threads[i].drew = int32(len(r.drawn))
	if r.watched {
		r.drew(i, v, n)
	}
	return v
}

// drawFor has a strategy draw, or chance.
func (r *runner) drawFor(s Strategy, thread, n int) int {
	if d, ok := s.(Drawer); ok {
		return d.Draw(&r.point, thread, n)
	}
	if r.fatal {
		return r.dies()
	}
	return r.chance.below(n)
}

// nthDraw is the how many'th draw the next one of a thread is since its last
// operation, counted from 1.
func (r *runner) nthDraw(thread int) int32 {
	t := &r.threads[thread]
	if t.drew == 0 || r.drawn[t.drew-1].op != t.ops+1 {
		return 1
	}
	return r.drawn[t.drew-1].nth + 1
}

// draws is what the run just done has drawn, by thread.
func (r *runner) draws() [][]int32 {
	if len(r.drawn) == 0 {
		return nil
	}
	out := make([][]int32, len(r.threads))
	for _, d := range r.drawn {
		out[d.thread] = append(out[d.thread], d.value)
	}
	return out
}

// deviation is a draw as schedules have it.
func (r *runner) deviation(d *drawn) Deviation {
	return Deviation{r.pathOf(int(d.thread)), int(d.op), drawText(int(d.nth), int(d.value))}
}

// drawText is the Instead of a deviation of a draw.
func drawText(nth, value int) string {
	if nth == 1 {
		return "#" + strconv.Itoa(value)
	}
	return strconv.Itoa(nth) + "#" + strconv.Itoa(value)
}

// isDraw reports whether the deviation is one of a draw.
func (d Deviation) isDraw() bool { return strings.Contains(d.Instead, "#") }

// draw is the draw that the deviation is about, the how many'th on the way to the
// operation, and its number.
func (d Deviation) draw() (nth, value int, ok bool) {
	before, after, ok := strings.Cut(d.Instead, "#")
	if !ok {
		return 0, 0, false
	}
	v, err := strconv.ParseUint(after, 10, 31)
	if err != nil || strconv.FormatUint(v, 10) != after {
		return 0, 0, false
	}
	if before == "" {
		return 1, int(v), true
	}
	n, err := strconv.ParseUint(before, 10, 31)
	if err != nil || n < 2 || strconv.FormatUint(n, 10) != before {
		return 0, 0, false
	}
	return int(n), int(v), true
}

// stated is the draws that a schedule has something to say about.
type stated map[drawPlace]statedDraw

// drawPlace is where a draw stands in a program.
type drawPlace struct {
	path    uint64
	op, nth int32
}

// statedDraw is a number, and which deviation says so.
type statedDraw struct{ value, deviation int }

func statedBy(list []Deviation) stated {
	var out stated
	for i, d := range list {
		if nth, v, ok := d.draw(); ok {
			if out == nil {
				out = make(stated)
			}
			out[drawPlace{pathHash(d.Thread), int32(d.Op), int32(nth)}] = statedDraw{v, i}
		}
	}
	return out
}

// next is what is said about the next draw of a thread.
func (s stated) next(r *runner, thread int) (d statedDraw, ok bool) {
	if s == nil {
		return d, false
	}
	d, ok = s[drawPlace{r.threads[thread].path, r.threads[thread].ops + 1, r.nthDraw(thread)}]
	return d, ok
}

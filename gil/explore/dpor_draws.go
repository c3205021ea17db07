package explore

import "fmt"

// outcome is what was drawn in a transition, after the operation that it begins with:
// by its thread, or by one that it has started. Draws conflict with nothing, but
// schedules that draw different numbers are never of one class. So where the
// algorithm chooses freely every number is drawn in turn. In a sequence that is to
// be tried the numbers are those of the run that it comes from, or it could not be
// followed; that the others come in such a sequence as well is seen to by the runs
// in which they were drawn.
type outcome struct {
	values []drawing
	at     int  // draws of this run
	fixed  int  // so many of the values are not changed
	all    bool // the other numbers are drawn too, whatever was given
}

// drawing is a draw: its value, how many numbers there are, and how many have been
// drawn.
type drawing struct{ value, of, tried int32 }

// reset gives the numbers that are to be drawn first.
func (o *outcome) reset(given []int32, all bool) {
	o.values = o.values[:0]
	for _, v := range given {
		o.values = append(o.values, drawing{value: v, tried: 1})
	}
	o.at, o.fixed, o.all = 0, len(given), all
	if all {
		o.fixed = 0
	}
}

// draw returns the next number of [0, n), false if there were not so many before.
func (o *outcome) draw(n int) (v int, ok bool) {
	if o.at == len(o.values) {
		o.values = append(o.values, drawing{of: int32(n), tried: 1})
	}
	d := &o.values[o.at]
	o.at++
	if d.of == 0 {
		d.of = int32(n)
	}
	if int(d.of) != n || int(d.value) >= n {
		return 0, false
	}
	return int(d.value), true
}

// advance changes the last draw that has a number left.
func (o *outcome) advance() bool {
	for i := len(o.values) - 1; i >= o.fixed; i-- {
		if d := &o.values[i]; d.tried < d.of {
			d.value = (d.value + 1) % d.of
			d.tried++
			o.values = o.values[:i+1]
			return true
		}
	}
	return false
}

// covered adds to the part of the space that has been covered what lies before these
// numbers.
func (o *outcome) covered(part, weight float64) (float64, float64) {
	for i := o.fixed; i < len(o.values); i++ {
		d := &o.values[i]
		weight /= float64(max(1, d.of))
		part += weight * float64(d.tried-1)
	}
	return part, weight
}

// given is what was drawn.
func (o *outcome) given() []int32 {
	if len(o.values) == 0 {
		return nil
	}
	out := make([]int32, len(o.values))
	for i := range o.values {
		out[i] = o.values[i].value
	}
	return out
}

// like reports whether these are the numbers that were drawn.
func (o *outcome) like(given []int32) bool {
	if len(o.values) != len(given) {
		return false
	}
	for i, v := range given {
		if o.values[i].value != v {
			return false
		}
	}
	return true
}

// Draw draws the number whose turn it is.
func (x *dpor) Draw(p *Point, thread, n int) int {
	x.draws = true
	o := &x.root
	if x.begun > 0 {
		o = &x.nodes[x.begun-1].outcome
	}
	v, ok := o.draw(n)
	if !ok {
		x.diverge(p.r, fmt.Sprintf("there were %d numbers to draw from where there was another draw before", n))
	}
	return v
}

// drawsEarly reports whether the run has drawn a number between two operations of
// one block: what the second one is may depend on it.
func (x *dpor) drawsEarly(r *runner) bool {
	e := 0
	for i := range r.drawn {
		step := int(r.drawn[i].step)
		for e < x.begun && int(x.start[e]) < step {
			e++
		}
		// e is the first transition that begins at the step or after it.
		if e > 0 && (step < x.end(r, e-1) || e < x.begun && int(x.nodes[e].head) < e) {
			return true
		}
	}
	return false
}

package explore

import (
	"errors"
	"strings"

	"github.com/pygil/pygil/gil"
)

// chose tells the observer of a choice: the event is one of the thread that was
// chosen.
func (r *runner) chose(p *Point, t int) {
	i := 0
	for i < p.Len() && p.Nth(i) != t {
		i++
	}
	r.box.ThreadOf(r.threads[t].task).Emit(gil.Event{Kind: gil.EvChoice, A: int64(i), B: int64(p.Len()), Name: r.nameOf(t)})
}

// drew tells the observer of a draw.
func (r *runner) drew(thread, v, n int) {
	d := draw{value: v, of: n}
	r.box.ThreadOf(r.threads[thread].task).Emit(gil.Event{Kind: gil.EvChoice, A: int64(v), B: int64(n), Name: d.String()})
}

// tell tells the observer how the run just done has failed, if it is a way that only
// the explorer knows of, or an assertion.
func (r *runner) tell(err error) {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		for _, e := range many.Unwrap() {
			r.tell(e)
		}
		return
	}
	var asserted *gil.AssertionError
	var found *Diagnosis
	switch {
	case errors.As(err, &asserted):
		for _, m := range asserted.Messages {
			r.emit([]string{asserted.Thread}, gil.EvAssert, firstWords(m))
		}
	case errors.As(err, &found) && found.Kind == Livelock:
		r.emit(found.Threads, gil.EvLivelock, found.Text)
	case errors.As(err, &found) && found.Kind == Starvation:
		r.emit(found.Threads, gil.EvStarvation, found.Text)
	}
}

// emit makes an event one of the first of the threads.
func (r *runner) emit(threads []string, k gil.EventKind, text string) {
	for i := range r.threads {
		if len(threads) > 0 && r.nameOf(i) == threads[0] {
			r.box.ThreadOf(r.threads[i].task).Emit(gil.Event{Kind: k, Name: text})
			return
		}
	}
}

// firstWords is what a failed assertion says, on one line: of those of testify what
// is wrong, without where.
func firstWords(text string) string {
	const most = 200
	if _, rest, ok := strings.Cut(text, "Error:"); ok {
		text, _, _ = strings.Cut(rest, "Test:")
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	return text
}

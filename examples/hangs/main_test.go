package main

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/examples/internal/stuck"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("hangs", story)
	// Output:
	// hangs: Python 3.13, 4 cores, seed 1, simulated time
	//
	// Two threads, two locks, in opposite orders, after 1ms (par 0, conc 2):
	// gil: deadlock: MainThread waits for end of a, a waits for second held by b, b waits for first held by a
	//
	// in opposite orders: deadlock
	// in the same order: none
	// try, and give back: none
	//
	// Two polite threads that give way in step: 200 rounds, ended false; livelock
	// The same, each waiting for a random time: 2 rounds, ended true
	//
	// A writer is passed over by 10 readers; at a fair door by 0.
	// A thread that never gets its turn: starvation
}

var show = cli.New(io.Discard)

func TestStarvation(t *testing.T) {
	rows.Check(t, 94, writer(show, false), writer(show, true))
	rows.Check(t, 96, verdict(search(abba(false, false))), verdict(stuck.Starvation.Find()))
}

func TestDeadlock(t *testing.T) {
	a := show.On(2).Try(abba(false, false))
	threads, locks := names(a.Err)
	rows.Check(t, 95, verdict(search(abba(false, false))), strings.Join(threads, " "), strings.Join(locks, " "), a.Took)
}

func TestAvoided(t *testing.T) {
	rows.Check(t, 97, verdict(search(abba(true, false))) != "none", verdict(search(abba(false, true))) != "none")
}

func TestLivelock(t *testing.T) {
	_, ended := polite(show, true)
	rows.Check(t, 98, verdict(stuck.Livelock.Find()), ended)
}

// names are the threads and locks that a deadlock names.
func names(err error) (threads, locks []string) {
	var dead *gil.DeadlockError
	if !errors.As(err, &dead) {
		return nil, nil
	}
	for _, w := range dead.Waits {
		if w.Thread != "MainThread" {
			threads = append(threads, w.Thread)
			locks = append(locks, w.For)
		}
	}
	slices.Sort(locks)
	return threads, locks
}

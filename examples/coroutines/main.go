// Coroutines tells the stories of asyncio: counting, two requests, 24 boards of
// chess, each beside the same thing done one after the other or on threads.
package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

func main() { cli.Main("coroutines", story) }

// A log is what was said, in order.
type log []string

func (l *log) say(text string) { *l = append(*l, text) }

func (l log) String() string { return strings.Join(l, " ") }

// gather runs coroutines to their end.
func gather(t *gil.Thread, all ...func(co *asyncio.Co) error) {
	_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) { return nil, asyncio.GatherAll(co, all...) })
	if err != nil {
		panic(err)
	}
}

// count has something done three times: serially, on threads, or as coroutines.
func count(s *cli.Show, how string) (said log, a cli.Account) {
	pause := preset.Count().Tasks[0].Wait
	var begun models.Counter
	blocking := func(t *gil.Thread) {
		begun.On(0, false)
		defer begun.On(0, true)
		said.say("One")
		t.Sleep(pause)
		said.say("Two")
	}
	a = s.Watch(func(t *gil.Thread) {
		switch how {
		case "serial":
			for range 3 {
				blocking(t)
			}
		case "threads":
			gil.JoinAll(t, t.Go("", blocking), t.Go("", blocking), t.Go("", blocking))
		case "asyncio":
			one := func(co *asyncio.Co) error {
				begun.On(0, false)
				defer begun.On(0, true)
				said.say("One")
				err := co.Sleep(pause)
				said.say("Two")
				return err
			}
			gather(t, one, one, one)
		case "asyncio, blocking":
			one := func(co *asyncio.Co) error {
				blocking(co.Thread())
				return nil
			}
			gather(t, one, one, one)
		}
	})
	a.Conc = begun.Most() // coroutines are no threads
	return said, a
}

// requests asks two services, one of which needs 4 s and the other one 3.
func requests(s *cli.Show, how string) (said log, a cli.Account) {
	call := func(n int, wait func(d time.Duration)) {
		said.say(fmt.Sprint("call", n))
		wait(preset.API().Tasks[n-1].Wait)
		said.say(fmt.Sprint("finish", n))
	}
	a = s.Watch(func(t *gil.Thread) {
		switch how {
		case "serial":
			call(1, t.IO)
			call(2, t.IO)
		case "threads":
			gil.JoinAll(t, t.Go("", func(t *gil.Thread) { call(1, t.IO) }), t.Go("", func(t *gil.Thread) { call(2, t.IO) }))
		case "asyncio":
			ask := func(n int) func(co *asyncio.Co) error {
				return func(co *asyncio.Co) (err error) {
					call(n, func(d time.Duration) { err = co.Sleep(d) })
					return err
				}
			}
			gather(t, ask(1), ask(2))
		}
	})
	return said, a
}

// The chess exhibition.
const (
	boards = preset.ChessBoards
	moves  = preset.ChessRounds
	hers   = preset.ChessMove
	theirs = preset.ChessAnswer
)

// chess plays all games, one after the other or going from board to board. It
// returns when she made her last move and when the last answer came.
func chess(s *cli.Show, together bool) (lastMove, end time.Duration) {
	a := s.Run(func(t *gil.Thread) {
		if !together {
			for range boards * moves {
				t.Compute(hers)
				lastMove = t.Now()
				t.IO(theirs)
			}
			return
		}
		game := func(co *asyncio.Co) error {
			for range moves {
				co.Compute(hers)
				lastMove = co.Now()
				if err := co.Sleep(theirs); err != nil {
					return err
				}
			}
			return nil
		}
		all := make([]func(co *asyncio.Co) error, boards)
		for i := range all {
			all[i] = game
		}
		gather(t, all...)
	})
	return lastMove, a.Took
}

func story(s *cli.Show) {
	s.Printf("Three times: One, a pause of 1 s, Two\n")
	for _, how := range []string{"serial", "threads", "asyncio", "asyncio, blocking"} {
		said, a := count(s, how)
		s.Printf("%-18s %5.2f s  %v  (%v)\n", how, a.Took.Seconds(), said, a)
	}
	s.Printf("\nTwo requests, of 4 s and of 3 s\n")
	for _, how := range []string{"serial", "threads", "asyncio"} {
		said, a := requests(s, how)
		s.Printf("%-18s %5.2f s  %v\n", how, a.Took.Seconds(), said)
	}
	s.Simulated()
	_, one := chess(s, false)
	mine, all := chess(s, true)
	s.Printf("\n%d games of chess: %.0f h one after the other; going from board to board she has\nmade her last move after %.0f s, and the last answer comes after %.0f s.\n",
		boards, one.Hours(), mine.Seconds(), all.Seconds())
}

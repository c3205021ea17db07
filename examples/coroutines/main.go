// Coroutines tells the stories of asyncio: counting, two requests, 24 boards of
// chess, each beside the same thing done one after the other or on threads. A Python
// without asyncio tells what it can. With -live the first two take 23 s.
package main

import (
	"strings"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

func main() { cli.Main("coroutines", story) }

// gather runs coroutines to their end.
func gather(s *cli.Show, t *gil.Thread, all ...func(co *asyncio.Co) error) {
	_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) { return nil, asyncio.GatherAll(co, all...) })
	s.Check(err)
}

// hasAsyncio reports whether this Python has coroutines and their loop.
func hasAsyncio(s *cli.Show) bool {
	return s.Untraced().Attempt(func(t *gil.Thread) { gather(s, t) }).Err == nil
}

// count has something done three times: serially, on threads, or as coroutines.
func count(s *cli.Show, how string) (said string, a cli.Account) {
	words := gil.NewList[string]("words") // not a slice: without a GIL that is a data race
	pause := preset.Count().Tasks[0].Wait
	var begun models.Counter
	blocking := func(t *gil.Thread) {
		begun.On(0, false)
		defer begun.On(0, true)
		words.Append(t, "One")
		t.Sleep(pause)
		words.Append(t, "Two")
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
				words.Append(co.Thread(), "One")
				err := co.Sleep(pause)
				words.Append(co.Thread(), "Two")
				return err
			}
			gather(s, t, one, one, one)
		case "asyncio, blocking":
			one := func(co *asyncio.Co) error {
				blocking(co.Thread())
				return nil
			}
			gather(s, t, one, one, one)
		}
	})
	a.Conc = begun.Most() // coroutines are no threads
	return strings.Join(words.Peek(), " "), a
}

func story(s *cli.Show) {
	if s.Live {
		s.Printf("For real the pauses below take 23 s, of which nothing can be left out.\n\n")
	}
	old := !hasAsyncio(s)
	without := func(how string) bool {
		none := old && strings.HasPrefix(how, "asyncio")
		if none {
			s.Printf("%-18s  Python %v has none\n", how, s.Python)
		}
		return none
	}
	s.Printf("Three times: One, a pause of 1 s, Two\n")
	for _, how := range []string{"serial", "threads", "asyncio", "asyncio, blocking"} {
		if without(how) {
			continue
		}
		said, a := count(s, how)
		s.Printf("%-18s %5.2f s  %v  (%v)\n", how, a.Took.Seconds(), said, a)
	}
	s.Printf("\nTwo requests, of 4 s and of 3 s\n")
	for _, how := range []string{"serial", "threads", "asyncio"} {
		if without(how) {
			continue
		}
		said, a := requests(s, how)
		s.Printf("%-18s %5.2f s  %v\n", how, a.Took.Seconds(), said)
	}
	if old {
		s.Printf("\nThe games of chess are coroutines, too: -profile 3.13 plays them.\n")
		return
	}
	s.Simulated()
	_, one := chess(s, false)
	mine, all := chess(s, true)
	s.Printf("\n%d games of chess: %.0f h one after the other; going from board to board she has\nmade her last move after %.0f s, and the last answer comes after %.0f s.\n",
		boards, one.Hours(), mine.Seconds(), all.Seconds())
}

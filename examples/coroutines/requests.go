package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// requests asks two services, one of which needs 4 s and the other one 3.
func requests(s *cli.Show, how string) (said string, a cli.Account) {
	words := gil.NewList[string]("words")
	call := func(t *gil.Thread, n int, wait func(d time.Duration)) {
		words.Append(t, fmt.Sprint("call", n))
		wait(preset.API().Tasks[n-1].Wait)
		words.Append(t, fmt.Sprint("finish", n))
	}
	a = s.Watch(func(t *gil.Thread) {
		switch how {
		case "serial":
			call(t, 1, t.IO)
			call(t, 2, t.IO)
		case "threads":
			gil.JoinAll(t, t.Go("", func(t *gil.Thread) { call(t, 1, t.IO) }), t.Go("", func(t *gil.Thread) { call(t, 2, t.IO) }))
		case "asyncio":
			ask := func(n int) func(co *asyncio.Co) error {
				return func(co *asyncio.Co) (err error) {
					call(co.Thread(), n, func(d time.Duration) { err = co.Sleep(d) })
					return err
				}
			}
			gather(s, t, ask(1), ask(2))
		}
	})
	return strings.Join(words.Peek(), " "), a
}

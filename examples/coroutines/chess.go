package main

import (
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

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
		gather(s, t, all...)
	})
	return lastMove, a.Took
}

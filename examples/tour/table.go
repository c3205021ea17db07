package main

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// table computes the cells of a table, each of which has a computer of its own,
// on as many real cores as there are.
func table[T any](rows, columns int, cell func(row, column int) (T, error)) ([][]T, error) {
	cells := make([][]T, rows)
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for r := range rows {
		cells[r] = make([]T, columns)
		for c := range columns {
			g.Go(func() (err error) {
				cells[r][c], err = cell(r, c)
				return err
			})
		}
	}
	return cells, g.Wait()
}

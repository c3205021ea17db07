package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/pygil/pygil/examples/versions/races"
	"github.com/pygil/pygil/gil"
)

func one(out io.Writer, name, version string) error {
	p, err := gil.LookupProfile(version)
	if err != nil {
		return err
	}
	rows := races.Table()
	i := slices.IndexFunc(rows, func(r races.Row) bool { return r.Name == name })
	if i < 0 {
		return fmt.Errorf("no program is called %s; run without arguments to see them", name)
	}
	v := rows[i].Judge(p)
	if v.Failure == nil {
		fmt.Fprintf(out, "%s under %v: %v\n", rows[i].Python, p, v.Report)
		return nil
	}
	fmt.Fprintf(out, "%s under %v: %s\n\n%s\n", rows[i].Python, p, rows[i].Breaks, v.Failure.Table())
	return nil
}

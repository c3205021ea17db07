// Command gen writes the tables of package bytecode. It lets every installed Python disassemble
// the snippets of listing.py into testdata/dis, reads the stored listing of every version that
// is not installed, applies the rules of package bytecode and writes table.go. It runs in the
// folder of package bytecode: go generate.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pygil/pygil/internal/bytecode"
)

func main() {
	offline := flag.Bool("offline", false, "use the stored listings only, run no Python")
	dir := flag.String("dir", ".", "the folder of package bytecode")
	flag.Parse()
	if err := generate(*dir, *offline); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate(dir string, offline bool) error {
	listings := map[bytecode.Version]listing{}
	for _, v := range bytecode.Versions() {
		file := listingFile(dir, v)
		if python := findPython(v); python != "" && !offline {
			text, err := runListing(python)
			if err != nil {
				return err
			}
			if err := os.WriteFile(file, text, 0o644); err != nil {
				return err
			}
		}
		l, err := readListing(file)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", v, l.python)
		listings[v] = l
	}
	table, err := render(listings)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "table.go"), table, 0o644)
}

func listingFile(dir string, v bytecode.Version) string {
	return filepath.Join(dir, "testdata", "dis", v.String()+".txt")
}

func readListing(file string) (listing, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return listing{}, err
	}
	l, err := parseListing(string(text))
	if err != nil {
		return l, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

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
	if !offline {
		if err := disassemble(dir); err != nil {
			return err
		}
	}
	listings, err := readListings(dir)
	if err != nil {
		return err
	}
	table, err := render(listings)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "table.go"), table, 0o644)
}

// disassemble renews the stored listings as far as it can.
func disassemble(dir string) error {
	for _, v := range bytecode.Versions() {
		text, origin, err := listingOf(dir, v)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s\n", v, origin)
		if text != "" {
			if err := os.WriteFile(listingFile(dir, v), []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// listingOf returns the listing of v from the Python that is installed, or else from a
// derivation, or else "", and says which.
func listingOf(dir string, v bytecode.Version) (text, origin string, err error) {
	if python := findPython(v); python != "" {
		text, err = runListing(python)
		return text, python, err
	}
	d, ok := derivations[v]
	if !ok {
		return "", "not installed, the stored listing stays", nil
	}
	from, _, err := listingOf(dir, d.from)
	if err != nil {
		return "", "", err
	}
	var l listing
	if from != "" {
		l, err = parseListing(from)
	} else {
		l, err = readListing(listingFile(dir, d.from))
	}
	if err != nil {
		return "", "", err
	}
	return d.derive(v, l), "not installed, derived from " + d.from.String(), nil
}

func readListings(dir string) (map[bytecode.Version]listing, error) {
	listings := map[bytecode.Version]listing{}
	for _, v := range bytecode.Versions() {
		l, err := readListing(listingFile(dir, v))
		if err != nil {
			return nil, err
		}
		listings[v] = l
	}
	return listings, nil
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

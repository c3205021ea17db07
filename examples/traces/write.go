package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// write draws, writes the files and says where they are.
func write(folder string) error {
	files, all, err := draw()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(folder, name), files[name], 0o644); err != nil {
			return err
		}
		fmt.Println(filepath.Join(folder, name))
	}
	for _, tl := range all {
		m := tl.Metrics()
		fmt.Printf("%s: par %d, conc %d\n", tl.Trace.Header.Title, m.Par, m.Conc)
	}
	return nil
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// totals sums up the verdicts in a folder; the last line is the sum. When all went well it names
// the lines of the list that nothing needs any more: no test has such a name, or the conditions
// held and none of those tests skipped.
func totals(folder string, list []skip, out io.Writer) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return err
	}
	var runs []verdict
	passed, failed := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var v verdict
		if err := json.Unmarshal(text, &v); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		runs = append(runs, v)
		passed += v.Passed
		failed += v.Failed
	}
	if len(runs) == 0 {
		return errors.New("no test run has left a report")
	}
	if failed > 0 {
		list = nil // tests that would have skipped may not have been reached
	}
	for _, s := range list {
		if why := stale(s, runs); why != "" {
			fmt.Fprintf(out, "the list of skips, %v: %s\n", s, why)
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		return errFailed
	}
	return nil
}

// stale says why a line of the list is not needed any more, or "".
func stale(s skip, runs []verdict) string {
	exists, held := false, false
	for _, v := range runs {
		if slices.Contains(v.Used, s.Line) {
			return ""
		}
		if slices.ContainsFunc(v.Tests, s.Test.MatchString) {
			exists = true
			held = held || v.Facts.lacks(s.Conditions) == ""
		}
	}
	switch {
	case !exists:
		return "no test has that name any more"
	case held:
		return "its conditions held, and nothing skipped"
	}
	return ""
}

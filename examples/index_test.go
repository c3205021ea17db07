package examples_test

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/examples/internal/rows"
)

var update = flag.Bool("update", false, "rewrite the index in README.md")

// mentions are the checks of all examples, by the number of the row.
func mentions(t *testing.T) map[int][]rows.Mention {
	t.Helper()
	all := map[int][]rows.Mention{}
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir():
			return err
		case d.Name() == "internal": // checks the checks
			return fs.SkipDir
		}
		named, err := rows.Named(path, false)
		for _, n := range named {
			all[n.Number] = append(all[n.Number], n)
		}
		return err
	}))
	return all
}

// The rows are all there, and so are the claims.
const allRows, allClaims = 146, 18

// lacks says what is wrong with the checks: every row is checked by a test, or is open
// for a stated reason, and only one of the two.
func lacks(checks map[int][]rows.Mention) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	opened := rows.Opened()
	for _, r := range rows.All() {
		_, isOpen := opened[r.Number]
		switch checked := len(checks[r.Number]) > 0; {
		case isOpen && checked:
			complain("row %d is checked: take it out of what is open", r.Number)
		case !isOpen && !checked:
			complain("no test checks row %d: %s", r.Number, r.Claim)
		}
	}
	for _, c := range rows.Claims() {
		if len(checks[-c.Number]) == 0 {
			complain("no test checks W%d: %s", c.Number, c.Says)
		}
	}
	return complaints
}

// Every row and every claim is there and has a check. That the tests are executed is
// checked by each folder's TestMain.
func TestIndexIsComplete(t *testing.T) {
	checks := mentions(t)
	assert.Empty(t, lacks(checks))
	for i, r := range rows.All() {
		require.Equal(t, i+1, r.Number, "rows are numbered through")
		assert.NotEmpty(t, r.Facts, "row %d states nothing", r.Number)
	}
	assert.Len(t, rows.All(), allRows)
	for i, c := range rows.Claims() {
		assert.Equal(t, i+1, c.Number)
	}
	assert.Len(t, rows.Claims(), allClaims)
	for number := range checks {
		assert.LessOrEqual(t, number, allRows)
	}
	for _, main := range folders(t) {
		if len(rowsIn(checks, main)) > 0 {
			assert.Contains(t, read(t, main, "main_test.go"), "rows.Main(m)", "%s checks rows; its TestMain has to see that it does", main)
		}
	}
}

// A row or a claim that loses its checks is missed, whichever it is, and it alone.
func TestIndexMissesEachRow(t *testing.T) {
	checks := mentions(t)
	require.Len(t, checks, allRows+allClaims)
	for number, all := range checks {
		delete(checks, number)
		if missed := lacks(checks); assert.Len(t, missed, 1) {
			what := fmt.Sprintf("row %d:", number)
			if number < 0 {
				what = fmt.Sprintf("W%d:", -number)
			}
			assert.Contains(t, missed[0], what)
		}
		checks[number] = all
	}
}

// Whoever reads the two texts comes by every program.
func TestEveryProgramIsListed(t *testing.T) {
	texts := read(t, root, "README.md") + read(t, "README.md")
	mains, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, mains)
	for _, main := range mains {
		folder := filepath.Dir(main)
		named := regexp.MustCompile(`\((examples/)?` + folder + `[)/]|\./examples/` + folder + `\b`)
		assert.True(t, named.MatchString(texts), "%s is neither in README.md here nor in the one of the module", folder)
	}
}

// folders are the folders with checks.
func folders(t *testing.T) []string {
	t.Helper()
	in := map[string]bool{}
	for _, named := range mentions(t) {
		for _, n := range named {
			in[filepath.Dir(n.File)] = true
		}
	}
	return slices.Sorted(maps.Keys(in))
}

// rowsIn are the numbers of the rows that a folder checks.
func rowsIn(checks map[int][]rows.Mention, folder string) (numbers []int) {
	for number, named := range checks {
		if slices.ContainsFunc(named, func(n rows.Mention) bool { return filepath.Dir(n.File) == folder }) {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// index is the part of README.md that is made from the rows.
func index(t *testing.T) string {
	checks, opened := mentions(t), rows.Opened()
	var out strings.Builder
	out.WriteString("| row | what it is about | program | check | what the check finds |\n|---|---|---|---|---|\n")
	for _, r := range rows.All() {
		where, what := "", ""
		switch {
		case opened[r.Number] != "":
			where, what = "none yet |", opened[r.Number]
		default:
			n := slices.MinFunc(checks[r.Number], func(a, b rows.Mention) int { return cmp.Compare(a.File, b.File) })
			dir := filepath.ToSlash(filepath.Dir(n.File))
			where = fmt.Sprintf("[%s](%s) | %s", dir, dir, n.Test)
			what = facts(r.Facts)
		}
		fmt.Fprintf(&out, "| %d | %s | %s | %s |\n", r.Number, r.Claim, where, what)
	}
	out.WriteString("\nClaims that are wrong or outdated, as `go run ./examples/wrong` takes them up:\n\n| | what is said | what is going on | what the check finds |\n|---|---|---|---|\n")
	for _, c := range rows.Claims() {
		fmt.Fprintf(&out, "| W%d | %s | %s | %s |\n", c.Number, c.Says, c.Truth, facts(c.Facts))
	}
	return out.String()
}

// facts are what a check finds, as a cell of a table.
func facts(all []rows.Fact) string {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// README.md shows the index as it is.
func TestIndexIsCurrent(t *testing.T) {
	text := read(t, "README.md")
	const begin, end = "<!-- the index: go test ./examples -run Index -update -->\n", "<!-- end of the index -->\n"
	before, rest, ok := strings.Cut(text, begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := before + begin + "\n" + index(t) + "\n" + end + after
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, text, "go test ./examples -run Index -update")
}

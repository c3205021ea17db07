package rows_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/rows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failures is a TB that keeps what it is told.
type failures []string

func (*failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		row  int
		got  []any
		want string
	}{
		{48, []any{76_616_275_904 * time.Nanosecond}, ""},
		{48, []any{76.62}, ""},
		{48, []any{"76.62"}, ""},
		{48, []any{76.63}, "row 48, seconds: got 76.63, the row says 76.62"},
		{48, []any{}, "rows: row 48 states 1 values and was given 0"},
		{1, []any{3, 1, false}, "row 1, each has a step before any has its last: got false, the row says true"},
		{147, []any{1}, "rows: there is no row 147"},
	} {
		var f failures
		rows.Check(&f, c.row, c.got...)
		if c.want == "" {
			assert.Empty(t, f)
			continue
		}
		assert.Equal(t, failures{c.want}, f)
	}
}

// A row that a test names and does not check is found; one in a file for another
// computer is not looked for there.
func TestNamed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("package x\n\nfunc "+text), 0o644))
	}
	write("a_test.go", "TestA(t *testing.T) { rows.Check(t, 48, 1); rows.Check(t, 49, 1, 2); rows.CheckClaim(t, 3, 1) }\n")
	write("b_plan9_test.go", "TestB(t *testing.T) { rows.Check(t, 51, true) }\n")
	here, err := rows.Named(dir, true)
	require.NoError(t, err)
	a := filepath.Join(dir, "a_test.go")
	assert.Equal(t, []rows.Mention{{48, "TestA", a}, {49, "TestA", a}, {-3, "TestA", a}}, here)
	all, err := rows.Named(dir, false)
	require.NoError(t, err)
	assert.Len(t, all, 4)

	var f failures
	rows.Check(&f, 48, 76.62)
	assert.Equal(t, here[1:], rows.Missing(here))

	write("a_test.go", "TestA(t *testing.T) { rows.Check(t, row, 1) }\n")
	_, err = rows.Named(dir, true)
	assert.ErrorContains(t, err, "give the row as a number")
}

// What is stated is stated in full, once.
func TestRows(t *testing.T) {
	for _, r := range rows.All() {
		assert.NotEmpty(t, r.Claim)
		for _, f := range r.Facts {
			assert.NotEmpty(t, f.What, "row %d", r.Number)
			assert.NotEmpty(t, f.Want, "row %d", r.Number)
		}
	}
}

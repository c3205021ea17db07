package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/bytecode"
)

const folder = ".." // of package bytecode

// The committed table is what the committed listings and the rules make.
func TestTableIsUpToDate(t *testing.T) {
	listings, err := readListings(folder)
	require.NoError(t, err)
	want, err := render(listings)
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(folder, "table.go"))
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(string(got), "\r\n", "\n"), string(want), "run go generate in internal/bytecode")
}

// The committed listings are what the Pythons on this machine print, and what is derived from
// them.
func TestListingsAreWhatPythonPrints(t *testing.T) {
	for _, v := range bytecode.Versions() {
		t.Run(v.String(), func(t *testing.T) {
			text, origin, err := listingOf(folder, v)
			require.NoError(t, err)
			if text == "" {
				t.Skipf("python %v is %s", v, origin)
			}
			want, err := parseListing(text)
			require.NoError(t, err)
			got, err := readListing(listingFile(folder, v))
			require.NoError(t, err)
			want.python, got.python = "", "" // another 3.12 has the same opcodes
			assert.Equal(t, want, got, "%s: run go generate in internal/bytecode", origin)
		})
	}
}

// A snippet that a version has and another lacks would make a construct differ for no reason.
func TestListingsHoldTheSameSnippets(t *testing.T) {
	listings, err := readListings(folder)
	require.NoError(t, err)
	want := listings[bytecode.V27].names
	for v, l := range listings {
		assert.Equal(t, want, l.names, "%v", v)
		if d, ok := derivations[v]; ok {
			assert.Equal(t, v.String(), l.python)
			assert.Contains(t, d.why, "Derived from the listing of "+d.from.String())
		} else {
			assert.True(t, strings.HasPrefix(l.python, v.String()+"."), "%v holds the listing of %s", v, l.python)
		}
	}
	for i, s := range specs {
		assert.Equal(t, bytecode.Construct(i).String(), s.name, "specs must be in the order of the constants")
	}
	assert.Len(t, specs, len(bytecode.Constructs()))
}

func TestGenerateWritesWhatIsCommitted(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS(filepath.Join(folder, "testdata"))))
	require.NoError(t, generate(dir, true))
	want, err := os.ReadFile(filepath.Join(folder, "table.go"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(dir, "table.go"))
	require.NoError(t, err)
	assert.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), string(got))

	require.NoError(t, os.Remove(listingFile(dir, bytecode.V314)))
	assert.ErrorIs(t, generate(dir, true), os.ErrNotExist)
	require.NoError(t, os.WriteFile(listingFile(dir, bytecode.V314), []byte("python 3.14.9\nsnippet load\n 0 NOP\n"), 0o644))
	assert.ErrorContains(t, generate(dir, true), "Load in 3.14: no BEGIN")
}

func TestBadListings(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "no listing",
		"python 3.9":                            "no listing",
		"python 3.9\nsnippet s\n 1 NOP":         "line 3: want opcode number 0",
		"python 3.9\nsnippet s\n 0 NOP\n x NOP": "line 4: want opcode number 1",
		"python 3.9\nsnippet s\n 0":             "line 3: want opcode number 0 and its name",
		"python 3.9\nsnippet s\n 0 JUMP -> there":        `line 3: jump to "there"`,
		"python 3.9\nsnippet s\n 0 JUMP -> 1":            "snippet s jumps to 1 of 1",
		"python 3.9\nopcodes POP_TOP\nsnippet s\n 0 NOP": "snippet s: NOP is no opcode of 3.9",
	} {
		_, err := parseListing(text)
		assert.ErrorContains(t, err, want, "%q", text)
	}
}

func TestBadPaths(t *testing.T) {
	l, err := readListing(listingFile(folder, bytecode.V38))
	require.NoError(t, err)
	_, err = l.snippets["while"].path("END", "BODY")
	assert.EqualError(t, err, "no path from END to BODY")
	_, err = l.snippets["add"].path("BODY", "END")
	assert.EqualError(t, err, "no BODY")
	_, err = part("Nothing", "nothing", "BEGIN", "END").build(bytecode.V38, l)
	assert.EqualError(t, err, "Nothing in 3.8: no snippet nothing")
}

// RESUME checks by its argument, which the snippets have as 0 only.
func TestClassifyReadsTheArgumentOfResume(t *testing.T) {
	for arg, want := range map[string]bytecode.Check{
		"0": bytecode.CheckAfter, "1": bytecode.CheckAfter, "2": bytecode.CheckNever, "5": bytecode.CheckAfter,
	} {
		in := classify(bytecode.V313, step{op: op{name: "RESUME", arg: arg}}, bytecode.CalleeC, false)
		assert.Equal(t, want, in.Check, "RESUME %s", arg)
	}
}

package pickle_test

import (
	"bufio"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"math/big"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

var updateGolden = flag.Bool("python.update", false, "write testdata/values.golden anew from the installed Pythons")

// A golden is what some versions of Python write for a value in a protocol.
type golden struct {
	name, protocol string
	data           []byte
	versions       []string
}

const goldenFile = "testdata/values.golden"

func goldens(t *testing.T) (all []golden) {
	t.Helper()
	f, err := os.Open(goldenFile)
	require.NoError(t, err)
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		words := strings.Fields(s.Text())
		data, err := hex.DecodeString(words[2])
		require.NoError(t, err)
		all = append(all, golden{words[0], words[1], data, words[3:]})
	}
	return all
}

func number(s string) *big.Int { n, _ := new(big.Int).SetString(s, 0); return n }

func dictOf(pairs ...any) *pickle.Dict { return must(pickle.NewDict(pairs...)) }

// goldenValues are the values of testdata/values.py as they arrive here.
func goldenValues() map[string]any {
	shared := pickle.NewList(1)
	cyclic := pickle.NewList(1)
	cyclic.Items = append(cyclic.Items, cyclic)
	inner := pickle.NewList()
	knot := pickle.Tuple{inner}
	inner.Items = append(inner.Items, knot)
	ring := dictOf()
	_ = ring.Set("me", ring)
	failed := pickle.NewException("ValueError", "no such luck", 7)
	failed.State = dictOf("note", "attribute")
	var thousand []any
	for i := range 1001 {
		thousand = append(thousand, i)
	}
	huge := new(big.Int).Exp(big.NewInt(3), big.NewInt(2000), nil)
	return map[string]any{
		"none": nil, "true": true, "false": false,
		"int0": 0, "int255": 255, "int256": 256, "int65536": 65536, "int-1": -1,
		"int2147483647": math.MaxInt32, "int-2147483648": math.MinInt32, "int2147483648": fits(1 << 31),
		"int-129long": fits(math.MinInt64), "big": number("0x10000000000000000"), "big-": number("-0x10000000000000000"),
		"huge": huge, "huge-": new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 2047)),
		"float": 1.5, "float-0": math.Copysign(0, -1), "inf": math.Inf(1), "nan": math.NaN(), "complex": complex(1, -2),
		"text": "héllo\n\\ € \U0001f600", "empty": "", "long": strings.Repeat("x", 300),
		"bytearray": &pickle.ByteArray{Bytes: []byte("ab\xff")}, "bytearray0": &pickle.ByteArray{Bytes: []byte{}},
		"list0": pickle.NewList(), "list1": pickle.NewList(nil), "list": pickle.NewList(1, "a", 2.5), "list1001": pickle.NewList(thousand...),
		"tuple0": pickle.Tuple{}, "tuple1": pickle.Tuple{1}, "tuple2": pickle.Tuple{1, 2}, "tuple3": pickle.Tuple{1, 2, 3}, "tuple4": pickle.Tuple{1, 2, 3, 4},
		"dict0": dictOf(), "dict1": dictOf("a", 1), "dict2": dictOf(pickle.Tuple{1, 2}, pickle.NewList(3)),
		"set0": must(pickle.NewSet()), "set": must(pickle.NewSet(1)),
		"frozenset0": must(pickle.NewFrozenSet()), "frozenset": must(pickle.NewFrozenSet(1)),
		"shared": pickle.NewList(shared, shared), "cyclic": cyclic, "knot": knot, "ring": ring,
		"exception": failed, "oserror": pickle.NewException("FileNotFoundError", 2, "No such file or directory"),
		"keyerror":  pickle.NewException("KeyError", "k"),
		"point":     &pickle.Object{Class: class("Point"), ByNew: true, Args: pickle.Tuple{}, State: dictOf("x", 1, "y", "two")},
		"slots":     &pickle.Object{Class: class("Slots"), ByNew: true, Args: pickle.Tuple{}, State: pickle.Tuple{nil, dictOf("a", 1)}},
		"stack":     &pickle.Object{Class: class("Stack"), ByNew: true, Args: pickle.Tuple{}, Items: []any{1, 2}},
		"class":     class("Point"),
		"surrogate": "a\xed\xa0\x80b", "bytes0": []byte{}, "bytes": []byte("ab\x00\xff"), "bytes300": []byte(strings.Repeat("x", 300)),
		"str": "abc", "str-": []byte("ab\x00\xff'\"\\\n"),
	}
}

func class(name string) pickle.Global { return pickle.Global{Module: "__main__", Name: name} }

// fits is how an int of 64 bits arrives.
func fits(n int64) any {
	if int64(int(n)) == n {
		return int(n)
	}
	return big.NewInt(n)
}

// What every version writes, in each protocol, is read as the same value, whether
// that Python is installed or not.
func TestPythonGoldens(t *testing.T) {
	values := goldenValues()
	seen := map[string]bool{}
	for _, g := range goldens(t) {
		want, ok := values[g.name]
		require.True(t, ok, g.name)
		seen[g.name] = true
		where := fmt.Sprintf("%s in protocol %s of %v", g.name, g.protocol, g.versions)
		got, err := pickle.Python.Unmarshal(g.data, pickle.WithClasses("__main__.*"))
		if old := g.protocol < "2" && (g.name == "point" || g.name == "stack"); old && err != nil {
			continue // protocols 0 and 1 make the objects of a class derived from list another way
		}
		require.NoError(t, err, where)
		if g.protocol < "2" && g.name == "point" {
			want = &pickle.Object{Class: got.(*pickle.Object).Class, ByNew: true, State: dictOf("x", 1, "y", "two")}
		}
		if x, ok := want.(*pickle.Exception); ok && g.protocol < "3" && g.name == "oserror" { // Python 2 has no subclasses of it
			want = &pickle.Exception{Class: pickle.Global{Module: "builtins", Name: "OSError"}, Args: x.Args}
		}
		if g.versions[0] == "2.7" && g.name == "stack" {
			want = &pickle.Object{Class: class("Stack"), ByNew: true, Args: pickle.Tuple{}, Items: []any{1, 2}, State: dictOf()}
		}
		require.Empty(t, unlike(want, got), where)
	}
	for name := range values {
		assert.True(t, seen[name], "no golden of %s", name)
	}
}

// Protocol 4 is what we write: where Python's pickler numbers no strings, ours are
// its very bytes.
func TestPythonWrites(t *testing.T) {
	values := goldenValues()
	var other []string
	for _, g := range goldens(t) {
		if g.protocol != "4" || !slices.Contains(g.versions, "3.13") {
			continue
		}
		ours := must(pickle.Python.Append(nil, values[g.name]))
		theirs := g.data
		if len(theirs) > 11 && theirs[2] == 0x95 {
			theirs = append(append([]byte{}, theirs[:2]...), theirs[11:]...) // no frame
		}
		if string(ours) != string(theirs) {
			other = append(other, g.name)
		}
	}
	slices.Sort(other)
	assert.Equal(t, strings.Fields(`bytearray bytearray0 bytes bytes0 bytes300 class complex dict1 empty exception
		keyerror list long nan oserror point ring slots stack surrogate text`), other)
}

// The goldens are what the installed Pythons write.
func TestPythonWritesTheGoldens(t *testing.T) {
	if *updateGolden {
		writeGoldens(t)
	}
	stored := map[string][]string{}
	for _, g := range goldens(t) {
		stored[fmt.Sprintf("%s %s %x", g.name, g.protocol, g.data)] = g.versions
	}
	withPythons(t, func(t *testing.T, p peer) {
		for line := range strings.Lines(string(p.run(t, nil, "golden"))) {
			line = strings.TrimSpace(line)
			versions, known := stored[line]
			if known && !slices.Contains(versions, p.version) && p.minor > 313 {
				continue // newer than the goldens
			}
			require.Contains(t, versions, p.version, line)
		}
	})
}

func writeGoldens(t *testing.T) {
	lines := map[string][]string{}
	for _, p := range pythons() {
		for line := range strings.Lines(string(p.run(t, nil, "golden"))) {
			line = strings.TrimSpace(line)
			lines[line] = append(lines[line], p.version)
		}
	}
	var all []string
	for line, versions := range lines {
		all = append(all, line+" "+strings.Join(versions, " "))
	}
	sort.Strings(all)
	require.NoError(t, os.WriteFile(goldenFile, []byte(strings.Join(all, "\n")+"\n"), 0o644))
}

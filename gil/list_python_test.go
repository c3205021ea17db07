package gil_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

var updatePython = flag.Bool("update-containers", false, "write testdata/containers.txt anew, with the newest Python found")

// containerScript makes Python perform the same program that perform performs: one
// operation to a line, on the list l and the dict d, and after each its result or
// its exception, and the two containers.
const containerScript = `
import sys
l, d = [], {}
calls = {
    'append': lambda i, v: l.append(v), 'extend': lambda i, v: l.extend([v, i]), 'insert': lambda i, v: l.insert(i, v),
    'pop': lambda i, v: l.pop(), 'popat': lambda i, v: l.pop(i), 'index': lambda i, v: l[i],
    'setindex': lambda i, v: l.__setitem__(i, v), 'delindex': lambda i, v: l.__delitem__(i),
    'remove': lambda i, v: l.remove(v), 'in': lambda i, v: v in l, 'count': lambda i, v: l.count(v),
    'sort': lambda i, v: l.sort(), 'clear': lambda i, v: l.clear(),
    'get': lambda i, v: d.get(v, i), 'item': lambda i, v: d[v], 'set': lambda i, v: d.__setitem__(v, i),
    'del': lambda i, v: d.__delitem__(v), 'setdefault': lambda i, v: d.setdefault(v, i), 'dpop': lambda i, v: d.pop(v),
    'update': lambda i, v: d.update({v: i, i: v}), 'din': lambda i, v: v in d, 'dclear': lambda i, v: d.clear(),
}
def addat(i, v): l[i] += v
def addto(i, v): d[v] += i
def forl(i, v):
    out = []
    for x in l:
        out.append(x)
        if x == v: l.remove(x)
        elif len(out) == 3: l.append(v)
    return out
def ford(i, v):
    out = []
    for k in d:
        out.append(k)
        if k == v:
            del d[k]
            if i > 0: d[i + 100] = 1
    return out
calls.update(addat=addat, addto=addto, forl=forl, ford=ford)
for line in sys.stdin:
    name, i, v = line.split()
    try: out = calls[name](int(i), int(v))
    except Exception as e: out = type(e).__name__ + ': ' + str(e)
    print(name, i, v, '->', out, l, list(d.items()))
`

var containerOps = strings.Fields("append append append extend insert pop popat index setindex delindex remove in count sort " +
	"get item set set set del setdefault dpop update din addat addto forl ford clear dclear")

// containerProgram is a program of n operations.
func containerProgram(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for range n {
		op := containerOps[r.IntN(len(containerOps))]
		if strings.HasSuffix(op, "clear") && r.IntN(3) > 0 {
			op = "append"
		}
		fmt.Fprintln(&b, op, r.IntN(16)-8, r.IntN(6))
	}
	return b.String()
}

// perform is what containerScript does.
func perform(t *gil.Thread, program string) string {
	l, d := gil.NewList[int]("l"), gil.NewDict[int, int]("d")
	ok := func(err error) any {
		if err != nil {
			return err
		}
		return nil
	}
	or := func(v int, err error) any {
		if err != nil {
			return err
		}
		return v
	}
	done := func() any { return nil }
	call := func(op string, i, v int) any {
		switch op {
		case "append":
			l.Append(t, v)
		case "extend":
			l.Extend(t, v, i)
		case "insert":
			l.Insert(t, i, v)
		case "pop":
			return or(l.Pop(t))
		case "popat":
			return or(l.PopAt(t, i))
		case "index":
			return or(l.Index(t, i))
		case "setindex":
			return ok(l.SetIndex(t, i, v))
		case "delindex":
			return ok(l.DeleteIndex(t, i))
		case "remove":
			return ok(l.Remove(t, v))
		case "in":
			return l.Contains(t, v)
		case "count":
			return l.Count(t, v)
		case "sort":
			gil.Sort(t, l)
		case "clear":
			l.Clear(t)
		case "addat":
			return ok(gil.AddAt(t, l, i, v))
		case "get":
			return d.GetDefault(t, v, i)
		case "item":
			return or(d.Index(t, v))
		case "set":
			d.Set(t, v, i)
		case "del":
			return ok(d.Delete(t, v))
		case "setdefault":
			return d.SetDefault(t, v, i)
		case "dpop":
			return or(d.Pop(t, v))
		case "update":
			d.Update(t, gil.Item[int, int]{Key: v, Value: i}, gil.Item[int, int]{Key: i, Value: v})
		case "din":
			return d.Contains(t, v)
		case "dclear":
			d.Clear(t)
		case "addto":
			return ok(gil.AddTo(t, d, v, i))
		case "forl":
			out := []int{}
			for x := range l.Iter(t) {
				out = append(out, x)
				if x == v {
					assert.NoError(t, l.Remove(t, x))
				} else if len(out) == 3 {
					l.Append(t, v)
				}
			}
			return out
		case "ford":
			out := []int{}
			for k := range d.Iter(t) {
				out = append(out, k)
				if k == v {
					assert.NoError(t, d.Delete(t, k))
					if i > 0 {
						d.Set(t, i+100, 1)
					}
				}
			}
			return out
		default:
			assert.Fail(t, "no operation "+op)
		}
		return done()
	}
	var b strings.Builder
	for line := range strings.Lines(program) {
		var op string
		var i, v int
		_, err := fmt.Sscan(line, &op, &i, &v)
		assert.NoError(t, err)
		var out any
		if failed := panicked(func() { out = call(op, i, v) }); failed != nil {
			out = failed
		}
		fmt.Fprintln(&b, op, i, v, "->", pythonSays(out), gil.Repr(l.Snapshot(t)), pythonItems(d.Items(t)))
	}
	return b.String()
}

// pythonSays shows a result as Python does, and an error as its exception.
func pythonSays(v any) string {
	kind := ""
	switch v.(type) {
	case *gil.IndexError:
		kind = "IndexError"
	case *gil.KeyError:
		kind = "KeyError"
	case *gil.ValueError:
		kind = "ValueError"
	case *gil.RuntimeError:
		kind = "RuntimeError"
	default:
		return gil.Repr(v)
	}
	return kind + ": " + v.(interface{ PythonText() string }).PythonText()
}

func pythonItems(items []gil.Item[int, int]) string {
	pairs := make([][2]int, len(items))
	for i, it := range items {
		pairs[i] = [2]int{it.Key, it.Value}
	}
	return gil.Repr(pairs)
}

// A thousand operations on a list and a dict have the results, the exceptions and
// the effects that Python's have: the stored ones, and those of every Python from
// 3.10 on that is found. Older ones let the tables of their dicts grow at other
// moments, which shows in loops whose body replaces keys.
func TestContainersAgainstPython(t *testing.T) {
	program := containerProgram(1000)
	pythons, err := filepath.Glob(filepath.Join(os.Getenv("HOME"), ".pyenv", "versions", "3.1*", "bin", "python"))
	require.NoError(t, err)
	golden := filepath.Join("testdata", "containers.txt")
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(containerScript+program)))[:16]
	if *updatePython {
		require.NotEmpty(t, pythons)
		newest := pythons[0]
		for _, p := range pythons {
			if strings.Contains(p, "/3.13") {
				newest = p
			}
		}
		head := "# " + runPython(t, newest, "import sys; print(sys.version.split()[0])", "") + "# " + hash + "\n"
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(head+runPython(t, newest, containerScript, program)), 0o644))
	}
	stored, err := os.ReadFile(golden)
	require.NoError(t, err)
	head, want, _ := bytes.Cut(stored, []byte("# "+hash+"\n"))
	require.NotEmpty(t, want, "the script has changed since %s was stored; run the test with -update-containers", head)

	for _, p := range []gil.Profile{gil.CPython38, gil.CPython313, gil.CPython313T} {
		require.NoError(t, gil.NewMachine(1).Run(p, func(th *gil.Thread) {
			sameLines(t, p.Name(), string(want), perform(th, program))
		}))
	}
	for _, python := range pythons {
		version := filepath.Base(filepath.Dir(filepath.Dir(python)))
		sameLines(t, version, string(want), runPython(t, python, containerScript, program))
	}
}

func sameLines(t *testing.T, who, want, got string) {
	t.Helper()
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		require.Equal(t, a[i], b[i], "%s, line %d", who, i+1)
	}
	assert.Len(t, b, len(a), who)
}

func runPython(t *testing.T, python, script, input string) string {
	t.Helper()
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.Output()
	require.NoError(t, err, python)
	return string(out)
}

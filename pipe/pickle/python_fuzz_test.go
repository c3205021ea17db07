package pickle_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

var allowMain = pickle.WithClasses("__main__.*")

// hostile decodes a message that anybody may have made. What is accepted must be a
// value like any other.
func hostile(t testing.TB, data []byte) bool {
	v, err := pickle.Python.Unmarshal(data, allowMain)
	if err != nil {
		var known *pickle.Error
		require.True(t, errors.As(err, &known), "%q: %v", data, err)
		return false
	}
	again, err := pickle.Python.Append(nil, v)
	if err != nil { // Python's pickler has no end with a tuple that leads back only to itself, and nor have we
		require.ErrorContains(t, err, "nested deeper", "%q", data)
		return true
	}
	same, err := pickle.Python.Unmarshal(again, allowMain, pickle.WithMaxMemory(1<<30))
	require.NoError(t, err, "%q: %v", data, v)
	_ = fmt.Sprint(v, same)
	return true
}

// opcodes are the instructions with arguments that make sense now and then.
func opcodes(r *rand.Rand) []byte {
	b := []byte("(.012IJKLMNRSUVXabcde}gh]lo)stuGB\x80\x81\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x94\x94\x95\x96jprqiFTPQ\x82\x97\x98CCKKKNN]]}})\x8c\x8f")
	op := b[r.IntN(len(b))]
	n := byte(r.IntN(4))
	switch op {
	case 'K', 'h', 'q', 0x82:
		return []byte{op, n}
	case 'M':
		return []byte{op, n, byte(r.IntN(256))}
	case 'J', 'j', 'r':
		return []byte{op, n, 0, 0, byte(r.IntN(2) * r.IntN(256))}
	case 0x80:
		return []byte{op, byte(r.IntN(6))}
	case 0x8a, 0x8c, 'C', 'U':
		return append([]byte{op, n}, "abc"[:n]...)
	case 'X', 'B', 'T', 0x8b:
		return append([]byte{op, n, 0, 0, 0}, "abc"[:n]...)
	case 0x8d, 0x8e, 0x96:
		return append([]byte{op, n, 0, 0, 0, 0, 0, 0, 0}, "abc"[:n]...)
	case 0x95:
		return []byte{op, n, 0, 0, 0, 0, 0, 0, 0}
	case 'G':
		return []byte{op, 0x3f, 0xf8, 0, 0, 0, 0, 0, n}
	case 'I', 'L', 'F', 'g', 'p':
		return []byte(fmt.Sprintf("%c%d\n", op, n))
	case 'S', 'V':
		return []byte(string(op) + "'a\\x62'\n")
	case 'c', 'i':
		names := []string{"builtins\nset", "builtins\nbytearray", "__main__\nPoint", "builtins\nValueError", "_codecs\nencode", "os\nsystem", "builtins\ncomplex", "copyreg\n_reconstructor"}
		return []byte(string(op) + names[r.IntN(len(names))] + "\n")
	}
	return []byte{op}
}

func hostileSeeds(t testing.TB, all []golden) (seeds [][]byte) {
	for _, g := range all {
		if len(g.data) < 400 {
			seeds = append(seeds, g.data)
		}
	}
	for i := range 200 {
		seeds = append(seeds, must(pickle.Python.Append(nil, newMaker(uint64(i)).value(0))))
	}
	require.NotEmpty(t, seeds)
	return seeds
}

// proportion is the most that decoding a message of n bytes may allocate.
func proportion(n int) int { return 8<<10 + 400*n }

// inOrder decodes messages and fails when one of them makes that ask for more memory than
// in proportion to its length. To measure stops everything, so that is done for all of
// them together first.
func inOrder(t *testing.T, messages [][]byte) {
	least := proportion(len(messages[0]))
	for _, data := range messages {
		least = min(least, proportion(len(data)))
	}
	all := allocated(func() {
		for _, data := range messages {
			_, _ = pickle.Python.Unmarshal(data, allowMain)
		}
	})
	if all <= uint64(least) { // then so does each
		return
	}
	for _, data := range messages {
		// The least of three: what else runs in the process allocates too.
		got := ^uint64(0)
		for range 3 {
			got = min(got, allocated(func() { _, _ = pickle.Python.Unmarshal(data, allowMain) }))
		}
		require.LessOrEqual(t, got, uint64(proportion(len(data))), "%d bytes: %q", len(data), data)
	}
}

// 300 000 hostile messages: no panic, and none makes decoding allocate more than in
// proportion to its length.
func TestPythonHostile(t *testing.T) {
	n := 300_000
	if testing.Short() {
		n = 5_000
	}
	seeds := hostileSeeds(t, goldens(t))
	r := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	var together [][]byte
	for range n {
		var data []byte
		switch r.IntN(3) {
		case 0: // a program of nothing but instructions
			for range 2 + r.IntN(30) {
				data = append(data, opcodes(r)...)
			}
			data = append(data, '.')
		case 1: // some bytes are others
			data = bytes.Clone(seeds[r.IntN(len(seeds))])
			for range 1 + r.IntN(4) {
				data[r.IntN(len(data))] = byte(r.Uint32())
			}
		default: // two that were spliced, with an instruction between
			a, b := seeds[r.IntN(len(seeds))], seeds[r.IntN(len(seeds))]
			data = append(bytes.Clone(a[:r.IntN(len(a))]), opcodes(r)...)
			data = append(data, b[r.IntN(len(b)):]...)
		}
		if hostile(t, data) {
			accepted++
		}
		if together = append(together, data); len(together) == 10 {
			inOrder(t, together)
			together = together[:0]
		}
	}
	assert.Greater(t, accepted, n/50, "most of these must not be refused at their first byte")
}

func FuzzPythonUnmarshal(f *testing.F) {
	for _, seed := range hostileSeeds(f, nil) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) { hostile(t, data) })
}

// What a message of a given length makes decoding ask for is bounded, whatever it
// repeats.
func TestPythonMemory(t *testing.T) {
	const size = 1 << 19
	repeat := func(before, part string) []byte {
		return []byte("\x80\x05" + before + strings.Repeat(part, size/len(part)) + ".")
	}
	text := strings.Repeat("x", 255)
	for name, data := range map[string][]byte{
		"lists":         repeat("(", "]"),
		"memoized":      repeat("(", "]\x94"),
		"dicts":         repeat("(", "}"),
		"sets":          repeat("(", "\x8f"),
		"marks":         repeat("", "("),
		"nones":         repeat("(", "N"),
		"nested":        repeat("", "]a"),
		"tuples":        repeat("N", "\x85"),
		"pairs":         repeat("N", "\x942h\x00\x86"),
		"grow":          repeat("]", "Na"),
		"long list":     repeat("](", "Ne("),
		"entries":       repeat("}(", "K\x01N"),
		"bytearrays":    repeat("cbuiltins\nbytearray\n\x94B\xf0\x0f\x00\x00"+strings.Repeat(text, 16)+"\x85\x94(", "h\x00h\x01R"),
		"sets of list":  repeat("cbuiltins\nset\n\x94](K\x01K\x02K\x03K\x04K\x05e\x85\x94(", "h\x00h\x01R"),
		"keys":          repeat("C\xff"+text+"\x85\x85\x85\x94}(", "h\x00N"),
		"keys doubling": repeat("C\xff"+text+"\x94", "\x942\x86}h\x00Ns"),
		"exceptions":    repeat("cbuiltins\nValueError\n\x94)\x94(", "h\x00h\x01R"),
		"objects":       repeat("c__main__\nPoint\n\x94)\x94(", "h\x00h\x01\x81"),
		"put":           repeat("N", "r\xff\xff\xff\x01"),
		"frozensets":    repeat("(", "(\x91"),
		"longs":         repeat("(", "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		"strings":       repeat("(", "\x8c\x01a"),
		"huge":          []byte("\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f."),
		"huge text":     []byte("\x80\x04X\xff\xff\xff\xffabc."),
	} {
		got := allocated(func() { hostile(t, data) })
		assert.Less(t, got, uint64(200*len(data)+1<<20), name)
	}
}

// Values that nest deeper than allowed are refused, however they come to that.
func TestPythonDepth(t *testing.T) {
	deep := func(n int) []byte { return []byte("\x80\x04N" + strings.Repeat("\x85", n) + ".") }
	_, err := pickle.Python.Unmarshal(deep(10_000))
	require.NoError(t, err)
	for name, data := range map[string][]byte{
		"tuples": deep(10_001),
		"lists":  []byte("\x80\x04" + strings.Repeat("]", 10_001) + strings.Repeat("a", 10_000) + "."),
		// Each list gets the one before when it lies in the next one already.
		"late": func() []byte {
			b := []byte("\x80\x04(")
			for range 10_002 {
				b = append(b, "]\x94"...)
			}
			b = append(b, 't')
			for i := range 10_001 {
				b = fmt.Appendf(b, "j%sj%sa0", le(i), le(i+1))
			}
			return append(b, '.')
		}(),
	} {
		_, err := pickle.Python.Unmarshal(data)
		require.ErrorContains(t, err, "nested deeper than WithMaxDepth allows", name)
	}
	_, err = pickle.Python.Append(nil, nest["list"](20_000))
	require.ErrorContains(t, err, "nested deeper than WithMaxDepth allows")
}

func le(n int) string {
	return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}

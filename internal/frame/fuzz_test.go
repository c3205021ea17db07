package frame_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pygil/pygil/internal/frame"
)

// naive is the framing as CPython's connection.py reads it, one message at a
// time from a slice, with this package's two deviations: a negative length
// other than -1 and a length above max are errors.
func naive(wire []byte, max uint64) (bodies [][]byte, verdict string) {
	be := func(b []byte) (n uint64) {
		for _, c := range b {
			n = n<<8 | uint64(c)
		}
		return n
	}
	for {
		if len(wire) == 0 {
			return bodies, "eof"
		}
		if len(wire) < 4 {
			return bodies, "cut"
		}
		n := be(wire[:4])
		wire = wire[4:]
		if n == 0xffffffff {
			if len(wire) < 8 {
				return bodies, "cut"
			}
			n, wire = be(wire[:8]), wire[8:]
		} else if n > 0x7fffffff {
			return bodies, "length"
		}
		if n > max {
			return bodies, "length"
		}
		if uint64(len(wire)) < n {
			return bodies, "cut"
		}
		bodies, wire = append(bodies, wire[:n]), wire[n:]
	}
}

// FuzzReader compares the incremental reader, interrupted at chosen points and
// switching its mode, with the naive one.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x05hello\x00\x00\x00\x00"), []byte{1, 2, 3}, uint16(100))
	f.Add([]byte("\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x03abc"), []byte{255}, uint16(3))
	f.Add([]byte("\xff\xff\xff\xfezz"), []byte{}, uint16(1000))
	f.Add([]byte("\xff\xff\xff\xff\x40\x00\x00\x00\x00\x00\x00\x00"), []byte{7}, uint16(65535))
	f.Add(message(pattern(9000)), []byte{200, 3, 77}, uint16(60000))
	f.Fuzz(agrees)
}

func agrees(t *testing.T, wire, plan []byte, max uint16) { compare(t, wire, plan, max) }

// compare reads a stream with the reader and with the naive one, and returns how
// it ended.
func compare(t *testing.T, wire, plan []byte, max uint16) string {
	want, verdict := naive(wire, uint64(max))
	turn := 0
	choose := func() int {
		if len(plan) == 0 {
			return 1
		}
		turn++
		return int(plan[turn%len(plan)])
	}
	src := &drip{data: wire, steps: func() int { return choose() * 8 }}
	r := &frame.Reader{Max: uint64(max)}
	got := 0
	for {
		r.Ahead = choose()%2 == 0
		var dst []byte
		if choose()%3 == 0 {
			dst = make([]byte, choose()*100)
		}
		body, err := r.Body(src, dst)
		if errors.Is(err, errAgain) {
			if choose()%5 == 0 {
				if rest, ok := r.Take(); ok {
					r = &frame.Reader{Max: uint64(max)}
					r.Give(rest)
				}
			}
			continue
		}
		var cut *frame.CutError
		var length *frame.LengthError
		switch {
		case err == nil:
			if got >= len(want) || !bytes.Equal(want[got], body) {
				t.Fatalf("message %d differs", got)
			}
			got++
			r.Next()
			continue
		case err == io.EOF && verdict == "eof":
		case errors.As(err, &cut) && verdict == "cut":
		case errors.As(err, &length) && verdict == "length":
		default:
			t.Fatalf("got %v, want %s", err, verdict)
		}
		if got != len(want) {
			t.Fatalf("%d messages, want %d", got, len(want))
		}
		return verdict
	}
}

// TestManyHostileStreams is the fuzz test with a count: 300 000 streams of frames
// that were damaged, cut into pieces in as many ways, the same in every run.
func TestManyHostileStreams(t *testing.T) {
	n := 300_000
	if testing.Short() {
		n = 20_000
	}
	rng := rand.New(rand.NewPCG(84, 1))
	verdicts := map[string]int{}
	var wire, plan []byte
	for range n {
		wire, plan = wire[:0], plan[:0]
		for range rng.IntN(5) {
			size := rng.IntN(20)
			if rng.IntN(1000) == 0 {
				size = rng.IntN(20_000)
			}
			if rng.IntN(4) == 0 {
				wire = append(wire, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
			}
			wire = append(binary.BigEndian.AppendUint32(wire, uint32(size)), pattern(size)...)
		}
		for range rng.IntN(3) {
			switch i := rng.IntN(len(wire) + 1); rng.IntN(3) {
			case 0:
				wire = wire[:i]
			case 1:
				wire = slices.Insert(wire, i, byte(rng.Uint32()))
			default:
				if i < len(wire) {
					wire[i] ^= 1 << rng.IntN(8)
				}
			}
		}
		for range rng.IntN(6) {
			plan = append(plan, byte(rng.Uint32()))
		}
		verdicts[compare(t, wire, plan, uint16(rng.Uint32()))]++
	}
	t.Log(verdicts)
	for _, v := range []string{"eof", "cut", "length"} {
		if verdicts[v] < n/100 {
			t.Errorf("only %d of %d streams ended with %s", verdicts[v], n, v)
		}
	}
}

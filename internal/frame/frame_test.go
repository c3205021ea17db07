package frame_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/internal/frame"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// WF-1, WF-2: the two forms of a header.
func TestHeader(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		want string
	}{
		{0, "00000000"},
		{1, "00000001"},
		{0x11, "00000011"},
		{16384, "00004000"},
		{0x7fffffff, "7fffffff"},
		{0x80000000, "ffffffff0000000080000000"},
		{1 << 62, "ffffffff4000000000000000"},
	} {
		got := frame.AppendHeader(nil, c.n)
		assert.Equal(t, c.want, hex.EncodeToString(got))
		assert.Len(t, got, frame.HeaderSize(c.n))
	}
}

func message(body []byte) []byte {
	return append(frame.AppendHeader(nil, uint64(len(body))), body...)
}

// pattern returns n bytes that differ from their neighbours.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

var errAgain = errors.New("again")

// drip delivers its bytes in steps, with errAgain before each.
type drip struct {
	data  []byte
	steps func() int // size of the next step
	ready bool
	reads int
}

func (d *drip) Read(p []byte) (int, error) {
	d.reads++
	if len(d.data) == 0 {
		return 0, io.EOF
	}
	if !d.ready {
		d.ready = true
		return 0, errAgain
	}
	d.ready = false
	n := copy(p[:min(len(p), max(1, d.steps()))], d.data)
	d.data = d.data[n:]
	return n, nil
}

// take reads one message, going on after every interruption.
func take(t *testing.T, r *frame.Reader, src io.Reader, dst []byte) ([]byte, error) {
	t.Helper()
	for {
		body, err := r.Body(src, dst)
		if errors.Is(err, errAgain) {
			continue
		}
		if err == nil {
			body = append([]byte{}, body...)
			r.Next()
		}
		return body, err
	}
}

func TestInterruptedAnywhere(t *testing.T) {
	sizes := []int{0, 1, 3, 4, 5, 499, 500, 501, 512, 8179, 8180, 8181, 8192, 70_000, 3 << 20}
	var wire []byte
	for _, n := range sizes {
		wire = append(wire, message(pattern(n))...)
	}
	for _, ahead := range []bool{false, true} {
		for _, step := range []int{1000, 4, 4096, 1 << 21} {
			for _, into := range []bool{false, true} {
				r := &frame.Reader{Max: 1 << 31, Ahead: ahead}
				src := &drip{data: wire, steps: func() int { return step }}
				for _, n := range sizes {
					var dst []byte
					if into {
						dst = make([]byte, n+1)
					}
					got, err := take(t, r, src, dst)
					require.NoError(t, err)
					require.True(t, bytes.Equal(pattern(n), got), "size %d ahead %v step %d", n, ahead, step)
				}
				_, err := take(t, r, src, nil)
				assert.Equal(t, io.EOF, err)
				assert.Zero(t, r.Buffered())
			}
		}
	}
}

// An interrupted call keeps what it got apart from the caller's memory.
func TestInterruptedCallGivesMemoryBack(t *testing.T) {
	r := &frame.Reader{Max: 1 << 31}
	body := pattern(100_000)
	src := &drip{data: message(body), steps: func() int { return 60_000 }}
	dst := make([]byte, 100_000)
	for range 5 {
		if _, err := r.Body(src, dst); err == nil {
			break
		}
		clear(dst)
	}
	got, err := take(t, r, src, dst)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(body, got))
	assert.Same(t, &dst[0], &dst[:1][0])
}

// WF-2: the long form is accepted for a short message.
func TestLongFormOfShortMessage(t *testing.T) {
	wire, err := hex.DecodeString("ffffffff0000000000000003616263")
	require.NoError(t, err)
	for _, ahead := range []bool{false, true} {
		r := &frame.Reader{Max: 100, Ahead: ahead}
		got, err := take(t, r, bytes.NewReader(wire), nil)
		require.NoError(t, err)
		assert.Equal(t, "abc", string(got))
	}
}

// WF-5 and CN-5: the end of the stream at every byte of two messages.
func TestCutAtEveryByte(t *testing.T) {
	for _, size := range []int{0, 5, 600} {
		wire := message(pattern(size))
		for cut := range len(wire) {
			for _, ahead := range []bool{false, true} {
				r := &frame.Reader{Max: 1 << 20, Ahead: ahead}
				src := bytes.NewReader(append(message([]byte("first")), wire[:cut]...))
				first, err := take(t, r, src, nil)
				require.NoError(t, err)
				require.Equal(t, "first", string(first))
				_, err = take(t, r, src, nil)
				var lost *frame.CutError
				switch {
				case cut == 0:
					assert.Equal(t, io.EOF, err)
				case cut < frame.ShortHeader:
					require.ErrorAs(t, err, &lost)
					assert.Equal(t, frame.CutError{Header: true, Got: uint64(cut), Want: 4, Err: io.EOF}, *lost)
				default:
					require.ErrorAs(t, err, &lost)
					assert.Equal(t, frame.CutError{Got: uint64(cut - 4), Want: uint64(size), Err: io.EOF}, *lost)
				}
				_, err = take(t, r, src, nil)
				assert.Equal(t, io.EOF, err, "afterwards")
			}
		}
	}
	_, err := (&frame.Reader{Max: 9}).Size(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff, 0}))
	assert.EqualError(t, err, "frame: the stream ended after 5 of 12 bytes of a header")
}

// CN-19: lengths below -1 are an error, and stay one.
func TestNegativeLength(t *testing.T) {
	r := &frame.Reader{Max: 1 << 20}
	src := bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xfe, 'z', 'z'})
	for range 2 {
		_, err := r.Size(src)
		assert.EqualError(t, err, "frame: bad message length -2")
	}
	assert.True(t, r.Pending())
}

func TestLimit(t *testing.T) {
	r := &frame.Reader{Max: 4}
	src := bytes.NewReader(append(message([]byte("four")), message([]byte("fives"))...))
	_, err := take(t, r, src, nil)
	require.NoError(t, err)
	_, err = take(t, r, src, nil)
	assert.EqualError(t, err, "frame: bad message length 5, the limit is 4")
}

// CN-20: what a header claims costs nothing; what arrives costs a small
// multiple of itself.
func TestHostileLengthAllocatesLittle(t *testing.T) {
	for _, claim := range []uint64{1 << 30, 1 << 40, 1 << 62, 1<<64 - 1} {
		for _, sent := range []int{0, 1, 5 << 20} {
			wire := append([]byte{0xff, 0xff, 0xff, 0xff}, make([]byte, 8)...)
			for i := range 8 {
				wire[4+i] = byte(claim >> (56 - 8*i))
			}
			src := io.MultiReader(bytes.NewReader(wire), io.LimitReader(zeros{}, int64(sent)))
			r := &frame.Reader{Max: 1 << 62}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := take(t, r, src, nil)
			runtime.ReadMemStats(&after)
			require.Error(t, err)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(10*sent+(4<<20)), "claim %d, %d bytes sent", claim, sent)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestReadingAheadSavesReads(t *testing.T) {
	var wire []byte
	for range 100 {
		wire = append(wire, message([]byte("hello"))...)
	}
	count := func(ahead bool) int {
		r := &frame.Reader{Max: 100, Ahead: ahead}
		src := &counter{r: bytes.NewReader(wire)}
		for range 100 {
			_, err := take(t, r, src, nil)
			require.NoError(t, err)
		}
		return src.reads
	}
	assert.Equal(t, 1, count(true))
	assert.Equal(t, 200, count(false))
}

type counter struct {
	r     io.Reader
	reads int
}

func (c *counter) Read(p []byte) (int, error) { c.reads++; return c.r.Read(p) }

// Without reading ahead not one byte behind the message is taken.
func TestExactReaderLeavesTheRest(t *testing.T) {
	src := bytes.NewReader(append(message([]byte("mine")), message([]byte("yours"))...))
	r := &frame.Reader{Max: 100}
	got, err := take(t, r, src, nil)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(got))
	assert.Equal(t, 9, src.Len())
	assert.Zero(t, r.Buffered())
}

func TestTakeAndGive(t *testing.T) {
	wire := append(message([]byte("one")), message([]byte("two"))...)
	wire = append(wire, message([]byte("three"))[:6]...)
	src := bytes.NewReader(wire)
	r := &frame.Reader{Max: 100, Ahead: true}
	got, err := take(t, r, src, nil)
	require.NoError(t, err)
	assert.Equal(t, "one", string(got))
	assert.True(t, r.Pending())
	_, err = r.Size(src) // a header that was looked at travels too
	require.NoError(t, err)
	rest, ok := r.Take()
	require.True(t, ok)
	assert.Zero(t, r.Buffered())
	assert.False(t, r.Pending())

	next := &frame.Reader{Max: 100}
	next.Give(rest)
	next.Give(nil)
	assert.True(t, next.Pending())
	src = bytes.NewReader(message([]byte("three"))[6:])
	for _, want := range []string{"two", "three"} {
		got, err = take(t, next, src, nil)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}

func TestTakeRefusesHalfABody(t *testing.T) {
	r := &frame.Reader{Max: 1 << 20}
	src := &drip{data: message(pattern(100_000)), steps: func() int { return 9000 }}
	for range 8 {
		_, err := r.Body(src, nil)
		require.ErrorIs(t, err, errAgain)
	}
	_, ok := r.Take()
	assert.False(t, ok)
	got, err := take(t, r, src, nil)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(pattern(100_000), got))
}

// A reader that ran dry inside a message is not pending until more comes.
func TestPendingWhenStarved(t *testing.T) {
	wire := message([]byte("hello"))
	src := &drip{data: wire, steps: func() int { return 6 }}
	r := &frame.Reader{Max: 100, Ahead: true}
	_, err := r.Body(src, nil)
	require.ErrorIs(t, err, errAgain)
	_, err = r.Body(src, nil)
	require.ErrorIs(t, err, errAgain)
	assert.Equal(t, 6, r.Buffered())
	assert.False(t, r.Pending())
	_, err = take(t, r, src, nil)
	require.NoError(t, err)
}

//go:build linux || darwin

package pipe_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// WF-1, WF-3: what is on the wire, byte for byte.
func TestWireSent(t *testing.T) {
	ctx := t.Context()
	for _, size := range []int{0, 1, 5, 16384, 16385, 100_000} {
		c, other := rawPair(t)
		sent := later(func() (any, error) { return nil, c.SendBytes(ctx, pattern(size)) })
		want := append(binary.BigEndian.AppendUint32(nil, uint32(size)), pattern(size)...)
		got := make([]byte, len(want))
		_, err := io.ReadFull(other, got)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got))
		_, err = sent()
		require.NoError(t, err)
		require.NoError(t, c.Close())
		n, err := other.Read(got)
		assert.Zero(t, n)
		assert.Equal(t, io.EOF, err, "not a byte more")
	}
}

// WF-2: a receiver takes the long form for a short message.
func TestWireLongForm(t *testing.T) {
	c, other := rawPair(t)
	wire, err := hex.DecodeString("ffffffff0000000000000003" + "616263" + "00000001" + "64")
	require.NoError(t, err)
	_, err = other.Write(wire)
	require.NoError(t, err)
	for _, want := range []string{"abc", "d"} {
		got, err := c.RecvBytes(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}

// CN-19: negative lengths end receiving.
func TestWireNegativeLength(t *testing.T) {
	for _, head := range []uint32{0xfffffffe, 0x80000000} {
		c, other := rawPair(t)
		_, err := other.Write(append(binary.BigEndian.AppendUint32(nil, head), "zz"...))
		require.NoError(t, err)
		_, err = c.RecvBytes(t.Context())
		var bad *pipe.LengthError
		require.ErrorAs(t, err, &bad)
		assert.True(t, bad.Negative)
		raises(t, "bad message length", err)
		assert.False(t, c.Readable())
		_, err = c.RecvBytes(t.Context())
		assert.ErrorIs(t, err, pipe.ErrWriteOnly)
	}
}

// CN-20: 2^62 bytes are an error, not an allocation. So is what the default
// limit still allows, when it does not come.
func TestHostileLength(t *testing.T) {
	for _, claim := range []uint64{1 << 31, 1 << 40, 1 << 62, 1<<64 - 1} {
		for _, limit := range []int64{pipe.DefaultMaxMessage, 1<<63 - 1} {
			c, other := rawPair(t, pipe.WithMaxMessage(limit))
			_, err := other.Write(binary.BigEndian.AppendUint64([]byte{0xff, 0xff, 0xff, 0xff}, claim))
			require.NoError(t, err)
			_, err = other.Write(pattern(1000))
			require.NoError(t, err)
			require.NoError(t, other.Close())
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err = c.Recv(t.Context())
			runtime.ReadMemStats(&after)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
			if claim <= uint64(limit) && claim < 1<<62 && strconv.IntSize == 64 {
				var cut *pipe.CutError
				require.ErrorAs(t, err, &cut)
				assert.Equal(t, pipe.CutError{Got: 1000, Want: claim}, *cut)
				continue
			}
			if claim <= uint64(limit) && strconv.IntSize == 64 {
				require.Error(t, err)
				continue
			}
			var bad *pipe.LengthError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, claim, bad.Length)
			raises(t, "bad message length", err)
		}
	}
}

// A message of 2^31 bytes or more has the long header. It is streamed, so that
// nobody needs the memory twice.
func TestWireLongMessage(t *testing.T) {
	if testing.Short() || strconv.IntSize < 64 {
		t.Skip("needs 2 GiB")
	}
	size := 1 << 30
	size += size + 5
	c, other := rawPair(t)
	body, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	defer unix.Munmap(body)
	// Untouched pages are one page of zeros to a reader, so this costs nothing.
	body[size-1] = 'z'
	sent := later(func() (any, error) { return nil, c.SendBytes(t.Context(), body) })
	head := make([]byte, 12)
	_, err = io.ReadFull(other, head)
	require.NoError(t, err)
	assert.Equal(t, "ffffffff0000000080000005", hex.EncodeToString(head))
	buf, total, last := make([]byte, 1<<20), 0, byte(0)
	for total < size {
		n, err := other.Read(buf)
		require.NoError(t, err)
		total, last = total+n, buf[n-1]
	}
	assert.Equal(t, size, total)
	assert.Equal(t, byte('z'), last)
	_, err = sent()
	require.NoError(t, err)
}

func init() { roles["write-prefix"] = writePrefix }

// writePrefix writes the first bytes of what a message looks like, says so, and
// waits to be killed.
func writePrefix() {
	wire, err := hex.DecodeString(os.Args[1])
	if err != nil {
		panic(err)
	}
	if _, err := os.NewFile(3, "end").Write(wire); err != nil {
		panic(err)
	}
	fmt.Println("written")
	for {
		time.Sleep(time.Hour) // an empty select would be a deadlock to a runtime without cgo
	}
}

// CN-5, WF-5: a process that dies at any byte of a message. The reader, which is
// waiting at that moment, gets an error that names what was lost.
func TestKillAtEveryByte(t *testing.T) {
	ctx := t.Context()
	encode := func(v any) []byte {
		c, other := rawPair(t)
		require.NoError(t, c.Send(ctx, v))
		require.NoError(t, c.Close())
		wire, err := io.ReadAll(other)
		require.NoError(t, err)
		return wire
	}
	value := []any{42, nil, "hello"}
	short := encode(value)
	long := append(append([]byte{0xff, 0xff, 0xff, 0xff}, binary.BigEndian.AppendUint64(nil, uint64(len(short)-4))...), short[4:]...)
	for _, c := range []struct {
		name   string
		wire   []byte
		header int
		pipe   bool
	}{
		{"socketpair", short, 4, false},
		{"pipe", short, 4, true},
		{"longform", long, 12, false},
	} {
		subtests := 0
		t.Run(c.name, func(t *testing.T) {
			for cut := range len(c.wire) + 1 {
				subtests++
				t.Run(strconv.Itoa(cut), func(t *testing.T) {
					reader, writer := pair(t)
					if c.pipe {
						reader, writer = oneWay(t)
					}
					peer := play(t, "write-prefix", writer, hex.EncodeToString(c.wire[:cut]))
					first := later(func() (any, error) { return reader.Recv(ctx) })
					peer.await(t, "written")
					peer.kill(t)
					v, err := first()
					var lost *pipe.CutError
					switch {
					case cut == 0:
						assert.Equal(t, io.EOF, err)
					case cut == len(c.wire):
						require.NoError(t, err)
						assert.Equal(t, value, v)
					case cut < c.header:
						require.ErrorAs(t, err, &lost)
						want := uint64(4)
						if cut >= 4 {
							want = 12
						}
						assert.Equal(t, pipe.CutError{Header: true, Got: uint64(cut), Want: want}, *lost)
					default:
						require.ErrorAs(t, err, &lost)
						assert.Equal(t, pipe.CutError{Got: uint64(cut - c.header), Want: uint64(len(c.wire) - c.header)}, *lost)
					}
					if lost != nil {
						assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
						raises(t, "got end of file during message", err)
						assert.Contains(t, err.Error(), fmt.Sprintf("%d of %d", lost.Got, lost.Want))
					}
					_, err = reader.Recv(ctx)
					assert.Equal(t, io.EOF, err, "and then the end of file")
				})
			}
		})
		assert.Equal(t, len(c.wire)+1, subtests)
	}
}

func init() { roles["send-forever"] = sendForever }

// sendForever sends messages that do not fit into any buffer, numbered.
func sendForever() {
	c, ctx := inherited(true, true), context.Background()
	for i := 0; ; i++ {
		if err := c.Send(ctx, numbered(i)); err != nil {
			panic(err)
		}
	}
}

func numbered(i int) string { return strings.Repeat(strconv.Itoa(i)+",", 300_000) }

// A sender that is killed in the middle of a long message, wherever that is:
// what arrives is whole and in order, and then there is an error or the end.
func TestKillWhileSending(t *testing.T) {
	ctx := t.Context()
	for round := range 10 {
		a, b := pair(t)
		peer := play(t, "send-forever", b)
		got := 0
		for ; got < round; got++ {
			s, err := pipe.Recv[string](ctx, a)
			require.NoError(t, err)
			require.True(t, numbered(got) == s)
		}
		killed := later(func() (any, error) { peer.kill(t); return nil, nil })
		for {
			s, err := pipe.Recv[string](ctx, a)
			if err != nil {
				var cut *pipe.CutError
				if err != io.EOF {
					require.ErrorAs(t, err, &cut)
				}
				break
			}
			require.True(t, numbered(got) == s)
			got++
		}
		_, _ = killed()
	}
}

// A receiver that is killed: the sender gets an error, not a hang.
func TestKillTheReceiver(t *testing.T) {
	ctx := t.Context()
	a, b := pair(t)
	peer := play(t, "echo", b)
	require.NoError(t, a.SendBytes(ctx, []byte("ping")))
	got, err := a.RecvBytes(ctx)
	require.NoError(t, err)
	require.Equal(t, "ping", string(got))
	sent := later(func() (any, error) {
		for {
			if err := a.SendBytes(ctx, pattern(1<<20)); err != nil {
				return nil, err
			}
		}
	})
	require.Eventually(t, func() bool { ok, _ := a.TryPoll(ctx); return ok }, time.Minute, time.Millisecond)
	peer.kill(t)
	_, err = sent()
	assert.ErrorIs(t, err, pipe.ErrBrokenPipe)
}

// A peer that is only stopped is no dead peer: its message is whole, later.
func TestMessageInPieces(t *testing.T) {
	c, other := rawPair(t)
	wire := append([]byte{0, 0, 0x9c, 0x40}, pattern(40_000)...)
	got := later(func() ([]byte, error) { return c.RecvBytes(t.Context()) })
	for len(wire) > 0 {
		n := min(len(wire), 777)
		_, err := other.Write(wire[:n])
		require.NoError(t, err)
		wire = wire[n:]
		runtime.Gosched()
	}
	b, err := got()
	require.NoError(t, err)
	assert.True(t, bytes.Equal(pattern(40_000), b))
}

// CN-16.
func TestFromFd(t *testing.T) {
	_, err := pipe.FromFd(^uintptr(0), true, true)
	raises(t, "invalid handle", err)
	_, err = pipe.FromFd(0, false, false)
	raises(t, "at least one of `readable` and `writable` must be True", err)
	_, err = pipe.FromFd(9999, true, true)
	assert.ErrorIs(t, err, unix.EBADF)
	f, err := os.Create(t.TempDir() + "/file")
	require.NoError(t, err)
	defer f.Close()
	_, err = pipe.FromFd(f.Fd(), true, true)
	var bad *pipe.ValueError
	assert.ErrorAs(t, err, &bad, "a file has no end to wait for")
	_, err = pipe.FromFd(f.Fd(), true, true, pipe.WithBacklog(3))
	assert.EqualError(t, err, "pipe: WithBacklog has no meaning for FromFd")

	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	_, err = pipe.FromFd(uintptr(fds[0]), true, true)
	assert.ErrorAs(t, err, &bad)
}

// A Conn of FromFd takes no byte that is not its message's: another reader of
// the same descriptor finds the next message. Asking for Fd ends reading ahead
// for the others.
func TestSharedDescriptor(t *testing.T) {
	ctx := t.Context()
	read := func(c *pipe.Conn) string {
		b, err := c.RecvBytes(ctx)
		require.NoError(t, err)
		return string(b)
	}
	fill := func(w *pipe.Conn) {
		for _, s := range []string{"one", "two", "three", "four"} {
			require.NoError(t, w.SendBytes(ctx, []byte(s)))
		}
	}
	second := func(c *pipe.Conn) *pipe.Conn {
		fd, err := unix.FcntlInt(c.Fd(), unix.F_DUPFD_CLOEXEC, 0)
		require.NoError(t, err)
		other, err := pipe.FromFd(uintptr(fd), true, false)
		require.NoError(t, err)
		closeAtEnd(t, other)
		return other
	}
	r, w := oneWay(t)
	other := second(r) // asks for Fd
	fill(w)
	assert.Equal(t, []string{"one", "two", "three", "four"}, []string{read(r), read(other), read(r), read(other)})

	// Reading ahead is what a lone owner does.
	r, w = oneWay(t)
	fill(w)
	assert.Equal(t, "one", read(r))
	other = second(r)
	ready, err := other.TryPoll(ctx)
	require.NoError(t, err)
	assert.False(t, ready, "the other three were fetched with the first")
	for range 3 {
		ready, err = r.TryPoll(ctx)
		require.NoError(t, err)
		assert.True(t, ready)
		items, err := pipe.TryWait(ctx, r)
		require.NoError(t, err)
		assert.Len(t, items, 1)
		read(r)
	}

	c, raw := rawPair(t, pipe.WithReadAhead())
	_, err = raw.Write([]byte{0, 0, 0, 1, 'x', 0, 0, 0, 1, 'y'})
	require.NoError(t, err)
	assert.Equal(t, "x", read(c))
	assert.Equal(t, "y", read(c))
}

//go:build unix

package shm_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/shm"
)

const kind = 7

// play opens the segment that came as descriptor 3, claims it, adds one to its
// first word, says the number and waits for its input to end.
func play(string) {
	s, err := shm.Open(os.NewFile(3, "segment"), kind)
	if err == nil {
		var n uint32
		n, err = s.Claim()
		atomic.AddUint32((*uint32)(s.Pointer()), 1)
		forward(s)
		fmt.Println(n)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// forward sends the segment over the socket that came as descriptor 4, if one did.
func forward(s *shm.Segment) {
	if f, err := s.File(); err == nil {
		_ = unix.Sendmsg(4, []byte{1}, unix.UnixRights(int(f.Fd())), nil, 0)
		_ = f.Close()
	}
}

type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	claim uint32
}

func start(t *testing.T, s *shm.Segment, more ...*os.File) *child {
	f, err := s.File()
	require.NoError(t, err)
	defer f.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleKey+"=user")
	cmd.ExtraFiles = append([]*os.File{f}, more...)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	_, err = fmt.Sscan(line, &c.claim)
	require.NoError(t, err, line)
	return c
}

func create(t *testing.T, size int) *shm.Segment {
	s, err := shm.Create(size, kind)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestMemoryIsSharedAndClaimsAreDistinct(t *testing.T) {
	s := create(t, 100)
	require.Len(t, s.Bytes(), 100)
	require.Zero(t, uintptr(s.Pointer())%64)
	mine, err := s.Claim()
	require.NoError(t, err)
	again, err := s.Claim()
	require.NoError(t, err)
	require.Equal(t, mine, again)

	a, b := start(t, s), start(t, s)
	require.NotEqual(t, mine, a.claim)
	require.NotEqual(t, mine, b.claim)
	require.NotEqual(t, a.claim, b.claim)
	require.EqualValues(t, 2, atomic.LoadUint32((*uint32)(s.Pointer())))
	for _, c := range []*child{a, b} {
		require.True(t, s.Alive(c.claim))
		require.Equal(t, c.cmd.Process.Pid, s.PID(c.claim))
		_ = c.stdin.Close()
		require.NoError(t, c.cmd.Wait())
		require.False(t, s.Alive(c.claim))
	}
	require.True(t, s.Alive(mine))
	require.False(t, s.Alive(0))
	require.Zero(t, s.PID(mine+64))
	runtime.KeepAlive(s)
}

// A process that was killed is dead as soon as the kernel says so, and need not
// be waited for by its parent.
func TestAKilledProcessIsDeadBeforeItIsReaped(t *testing.T) {
	s := create(t, 8)
	c := start(t, s)
	require.True(t, s.Alive(c.claim))
	require.NoError(t, c.cmd.Process.Kill())
	waitUntilEnded(t, c.cmd.Process.Pid)
	require.False(t, s.Alive(c.claim))
	require.Error(t, c.cmd.Wait())
	require.False(t, s.Alive(c.claim))
}

// A descriptor on its way to another process must not keep its sender alive.
func TestWhatTravelsCarriesNoClaim(t *testing.T) {
	s := create(t, 8)
	n, err := s.Claim()
	require.NoError(t, err)
	f, err := s.File()
	require.NoError(t, err)
	other, err := shm.Open(f, kind)
	require.NoError(t, err)
	defer other.Close()
	require.ErrorIs(t, f.Close(), os.ErrClosed)
	require.True(t, other.Alive(n))
	inFlight, err := s.File()
	require.NoError(t, err)
	defer inFlight.Close()
	require.NoError(t, s.Close())
	require.False(t, other.Alive(n))
	// The sender's memory is still there, and so is its address.
	*(*uint64)(s.Pointer()) = 5
	require.EqualValues(t, 5, *(*uint64)(other.Pointer()))
}

func TestTwoHandlesInOneProcessAreTwoClaims(t *testing.T) {
	s := create(t, 8)
	f, err := s.File()
	require.NoError(t, err)
	other, err := shm.Open(f, kind)
	require.NoError(t, err)
	a, err := s.Claim()
	require.NoError(t, err)
	b, err := other.Claim()
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.True(t, s.Alive(b))
	require.NoError(t, other.Close())
	require.False(t, s.Alive(b))
}

func TestWhatIsNoSegmentIsRefused(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "x")
	require.NoError(t, err)
	require.NoError(t, f.Truncate(1<<20))
	defer f.Close()
	_, err = shm.Open(f, kind)
	require.ErrorContains(t, err, "shm: ")
	_, err = f.Stat()
	require.NoError(t, err, "a file that is refused stays the caller's")

	s := create(t, 8)
	g, err := s.File()
	require.NoError(t, err)
	defer g.Close()
	_, err = shm.Open(g, kind+1)
	require.ErrorContains(t, err, "kind")
	_, err = shm.Create(-1, kind)
	require.Error(t, err)
}

func TestAClosedSegment(t *testing.T) {
	s := create(t, 8)
	require.False(t, s.Closed())
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.True(t, s.Closed())
	_, err := s.File()
	require.ErrorIs(t, err, shm.ErrClosed)
	_, err = s.Claim()
	require.ErrorIs(t, err, shm.ErrClosed)
	require.True(t, s.Alive(1), "who cannot ask declares nobody dead")
}

// Neither closed nor forgotten segments keep descriptors or mappings.
func TestNothingIsLeft(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	count := func() (fds, maps int) {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		text, err := os.ReadFile("/proc/self/maps")
		require.NoError(t, err)
		return len(entries), strings.Count(string(text), "pygil")
	}
	settle := func() {
		for range 4 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}
	settle()
	fds, maps := count()
	for i := range 50 {
		s, err := shm.Create(8, kind)
		require.NoError(t, err)
		_, err = s.Claim()
		require.NoError(t, err)
		if i%2 == 0 {
			require.NoError(t, s.Close())
		}
	}
	for range 1000 {
		settle()
		if f, m := count(); f <= fds && m <= maps {
			return
		}
	}
	f, m := count()
	require.Fail(t, "leaked", "%d descriptors and %d mappings, before %d and %d", f, m, fds, maps)
}

func BenchmarkCreateAndClose(b *testing.B) {
	for b.Loop() {
		s, err := shm.Create(64, kind)
		if err != nil {
			b.Fatal(err)
		}
		_ = s.Close()
	}
}

func BenchmarkAlive(b *testing.B) {
	s, err := shm.Create(64, kind)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	f, _ := s.File()
	other, err := shm.Open(f, kind)
	if err != nil {
		b.Fatal(err)
	}
	defer other.Close()
	n, _ := other.Claim()
	for b.Loop() {
		if !s.Alive(n) {
			b.Fatal("dead")
		}
	}
}

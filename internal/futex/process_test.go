//go:build unix

package futex_test

import (
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/futex"
)

// A table is what two processes share here.
type table struct {
	bells [2]futex.Bell
	turn  uint32
	end   uint32
}

func share(f *os.File) *table {
	mem, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return (*table)(unsafe.Pointer(&mem[0]))
}

// turnTo gives the other side the turn.
func (s *table) turnTo(side uint32) {
	atomic.StoreUint32(&s.turn, side)
	s.bells[side].Ring(1)
}

// await waits for this side's turn.
func (s *table) await(side uint32) {
	for {
		heard := s.bells[side].Listen()
		if atomic.LoadUint32(&s.turn) == side {
			return
		}
		s.bells[side].Sleep(heard, 10*time.Second)
	}
}

func echo() {
	s := share(os.NewFile(3, "table"))
	for s.await(1); atomic.LoadUint32(&s.end) == 0; s.await(1) {
		s.turnTo(0)
	}
}

func partner(tb testing.TB) (s *table, end func()) {
	f, err := os.CreateTemp(tb.TempDir(), "table")
	require.NoError(tb, err)
	defer f.Close()
	require.NoError(tb, f.Truncate(4096))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleKey+"=echo")
	cmd.ExtraFiles = []*os.File{f}
	require.NoError(tb, cmd.Start())
	s = share(f)
	return s, func() {
		atomic.StoreUint32(&s.end, 1)
		s.turnTo(1)
		require.NoError(tb, cmd.Wait())
	}
}

func TestProcessesWakeEachOther(t *testing.T) {
	s, end := partner(t)
	for range 2000 {
		s.turnTo(1)
		s.await(0)
	}
	end()
}

func BenchmarkRoundTripBetweenProcesses(b *testing.B) {
	s, end := partner(b)
	for b.Loop() {
		s.turnTo(1)
		s.await(0)
	}
	end()
}

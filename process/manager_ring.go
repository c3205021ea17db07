package process

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/internal/shm"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A wire is one end of the connection between a manager and a process that uses
// it. Short messages go through shared memory: a ring of bytes each way, with a
// bell, so that a question and its answer cost two wake-ups and hardly any system
// calls. Long ones, and those with live objects, go through a pipe.Conn; a mark in
// the ring says when it is one's turn. The Conn also tells that the other end is
// gone: it is then readable without a mark.
//
// What the other end has written is copied and checked before it is believed.
type wire struct {
	conn *pipe.Conn
	of   *emulated    // the process whose end it is, in a virtual world: it has nothing but the Conn there
	ring *ringSegment // nil there
	out  *ringHalf
	in   *ringHalf

	mu     sync.Mutex // of senders
	room   futex.Room
	failed atomic.Bool // the other end is gone, or broken
	shut   atomic.Bool
}

// ringBytes is the size of one ring, a power of two; a message for it has at most a
// quarter.
const ringBytes = 1 << 16

// A ringHalf carries bytes one way.
type ringHalf struct {
	head  uint32 // bytes ever written
	tail  uint32 // bytes ever read
	gone  uint32 // the writer has closed
	bell  futex.Bell
	_     [108]byte
	bytes [ringBytes]byte
}

// inConn is what stands in the ring instead of a length when the message is in the
// Conn.
const inConn = ^uint32(0)

// A ringSegment is the memory of a wire, on its way to the other end.
type ringSegment struct{ seg *shm.Segment }

const kindRing = 0x72_69_6e_67

// ReduceHandle implements pickle.HandleReducer.
func (r *ringSegment) ReduceHandle(h *pickle.Handles) (any, error) {
	file, err := r.seg.File()
	if err != nil {
		return nil, err
	}
	return passing{h.Add(file)}, nil
}

// wires makes both ends of a wire, as far as they can be made here: the other end
// is the Conn and the memory.
func wires(ctx context.Context) (mine *wire, its *pipe.Conn, ring *ringSegment, err error) {
	if t := virtual(ctx); t != nil {
		mine, its, err = wiresIn(t)
		return mine, its, nil, err
	}
	seg, err := shm.Create(2*int(unsafe.Sizeof(ringHalf{})), kindRing)
	if err != nil {
		return nil, nil, nil, err
	}
	a, b, err := pipe.New(ctx)
	if err != nil {
		_ = seg.Close()
		return nil, nil, nil, err
	}
	ring = &ringSegment{seg}
	return newWire(a, ring, 0), b, ring, nil
}

// newWire makes an end: 0 is that of the manager's user, 1 the manager's.
func newWire(conn *pipe.Conn, ring *ringSegment, end int) *wire {
	halves := (*[2]ringHalf)(ring.seg.Pointer())
	return &wire{conn: conn, ring: ring, out: &halves[end], in: &halves[1-end]}
}

// close gives this end up.
func (w *wire) close() {
	switch {
	case w.shut.Swap(true):
		return
	case w.of != nil:
		_ = w.conn.Close()
		return
	}
	atomic.StoreUint32(&w.out.gone, 1)
	w.out.bell.Poke(futex.All)
	w.in.bell.Poke(futex.All)
	_, _ = w.conn.Close(), w.ring.seg.Close()
}

// abandon closes what this process has of an end that another one has, or will
// never have.
func (w *wire) abandon() {
	w.shut.Store(true)
	_ = w.conn.Close()
	if w.ring != nil {
		_ = w.ring.seg.Close()
	}
}

// send sends a message. It may block, for long only when it is no short one or the
// other end does not keep up.
func send[T any](ctx context.Context, w *wire, v T) error {
	if w.of != nil {
		return w.conn.Send(ctx, v)
	}
	// Live objects are refused without a table of handles, and then travel below.
	data, err := pickle.Marshal(v)
	if err == nil && len(data) <= ringBytes/4 && w.put(uint32(len(data)), data) {
		return w.ended()
	}
	for !w.put(inConn, nil) {
		if err := w.ended(); err != nil {
			return err
		}
		// The ring is full: its reader has a lot to do. This is so rare that it
		// need not be woken for.
		blocking.Do(ctx, "manager.send", func() {
			futex.Wait(&w.out.tail, atomic.LoadUint32(&w.out.tail), futex.FirstLook)
		})
	}
	// Marks are as good as each other: of two that send here at the same time
	// either message may come first. One that contains a proxy asks the manager
	// something in the middle, over this very wire.
	if err = w.conn.Send(patient(ctx), v); err != nil {
		// What was announced must come, if only as something that means nothing.
		var none T
		_ = w.conn.Send(patient(ctx), none)
	}
	return err
}

func (w *wire) ended() error {
	if w.shut.Load() || w.failed.Load() {
		return pipe.ErrBrokenPipe
	}
	return nil
}

// put writes a length and the data into the ring, and reports whether there was
// room. A reader sees all of it or nothing.
func (w *wire) put(length uint32, data []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	head := atomic.LoadUint32(&w.out.head)
	used := head - atomic.LoadUint32(&w.out.tail)
	need := uint32(4 + len(data))
	if used > ringBytes || ringBytes-used < need {
		return false
	}
	var mark [4]byte
	binary.LittleEndian.PutUint32(mark[:], length)
	w.out.write(head, mark[:])
	w.out.write(head+4, data)
	atomic.StoreUint32(&w.out.head, head+need)
	w.out.bell.Ring(1)
	return true
}

func (r *ringHalf) write(at uint32, p []byte) {
	n := copy(r.bytes[at%ringBytes:], p)
	copy(r.bytes[:], p[n:])
}

func (r *ringHalf) read(at uint32, p []byte) {
	n := copy(p, r.bytes[at%ringBytes:])
	copy(p[n:], r.bytes[:])
}

var errBrokenRing = errors.New("process: what came from the other end of a manager's connection is no message")

// recv receives a message. One goroutine at a time may call it. An error that is
// ctx's has lost nothing; io.EOF says that the other end is gone.
func recv[T any](ctx context.Context, w *wire) (v T, err error) {
	if !w.ready() {
		blocking.Do(ctx, "manager", func() {
			err = w.room.Wait(ctx, &futex.Quest{Bell: &w.in.bell, Try: w.ready, Check: w.look})
		})
		if err != nil {
			return v, err
		}
	}
	tail := atomic.LoadUint32(&w.in.tail)
	have := atomic.LoadUint32(&w.in.head) - tail
	if have == 0 {
		return v, io.EOF
	}
	if have < 4 || have > ringBytes {
		return v, errBrokenRing
	}
	var mark [4]byte
	w.in.read(tail, mark[:])
	n := binary.LittleEndian.Uint32(mark[:])
	if n == inConn {
		atomic.StoreUint32(&w.in.tail, tail+4)
		// It is under way, or its sender is dead: in no case does this last.
		return pipe.Recv[T](context.Background(), w.conn)
	}
	if n > have-4 {
		return v, errBrokenRing
	}
	data := make([]byte, n)
	w.in.read(tail+4, data)
	atomic.StoreUint32(&w.in.tail, tail+4+n)
	err = pickle.UnmarshalInto(data, &v)
	return v, err
}

// ready reports whether recv need not wait.
func (w *wire) ready() bool {
	return atomic.LoadUint32(&w.in.head) != atomic.LoadUint32(&w.in.tail) ||
		atomic.LoadUint32(&w.in.gone) != 0 || w.failed.Load() || w.shut.Load()
}

// look finds out whether the other end has died.
func (w *wire) look() {
	if readable, err := w.conn.TryPoll(context.Background()); (readable || err != nil) && atomic.LoadUint32(&w.in.head) == atomic.LoadUint32(&w.in.tail) {
		w.failed.Store(true)
	}
}

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*ringSegment, error) {
		v, err := h.Take(p.Handle)
		if err != nil {
			return nil, err
		}
		seg, err := arrivingSegment(v, "manager's connection", kindRing)
		if err != nil {
			return nil, err
		}
		if seg.Size() < 2*int(unsafe.Sizeof(ringHalf{})) {
			_ = seg.Close()
			return nil, errBrokenRing
		}
		return &ringSegment{seg}, nil
	}, "process.ring")
}

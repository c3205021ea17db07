package process

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pygil/pygil/pipe/pickle"
)

// A ShareableList is a list of a fixed length in a [SharedMemory]: its items are
// nil, bools, ints of 64 bits, floats, strings and []byte, and any of them can be
// replaced by another as long as that fits into its slot: 8 bytes, or, where the
// list began with a string or []byte, as many as that had, rounded up to the next
// larger multiple of 8.
//
// Its layout is CPython's (of 3.9 and later), so that Python and Go attach to each
// other's lists by name. It is not locked, as Python's is not: between a Get and a Set
// others may come, and what is read while another process writes may be half of the old item and half
// of the new one. Who writes while others read guards it by a [Lock].
//
// Three things that CPython damages are whole here. A string has room for its bytes,
// not for its characters. Strings and bytes that end in NULs keep them: the exact
// length is in the item's format, which Python understands ("3s5x"), though it
// takes the NULs off itself. And what cannot be stored is an error before anything
// has changed.
//
// Python: multiprocessing.shared_memory.ShareableList.
type ShareableList struct {
	m  *SharedMemory
	at []int64 // where the slots begin, from the first, and where the last one ends
}

// The layout: a number of items N; N+1 offsets; the slots; N formats of struct, of 8
// bytes each; N codes of what to do to an item that was unpacked.
const (
	word = 8 // all in native order

	codeNumber = 0
	codeStr    = 1
	codeBytes  = 2
	codeNone   = 3

	formatInt   = "q"
	formatFloat = "d"
	formatBool  = "xxxxxxx?"
	formatNone  = "xxxxxx?x"
)

// NewShareableList makes a list of these values in a new block of memory; an empty
// name stands for a new one, as for [NewSharedMemory], whose errors it has too.
// Unlink and Close it by [ShareableList.Memory].
// Python: ShareableList(sequence, name=name).
func NewShareableList(ctx context.Context, name string, values ...any) (*ShareableList, error) {
	return newShareableList(values, func(size int) (*SharedMemory, error) { return NewSharedMemory(ctx, name, size) })
}

func newShareableList(values []any, memory func(size int) (*SharedMemory, error)) (*ShareableList, error) {
	items := make([]listItem, len(values))
	at := make([]int64, len(values)+1)
	for i, v := range values {
		item, err := newListItem(v)
		if err != nil {
			return nil, fmt.Errorf("%w (item %d)", err, i)
		}
		items[i], at[i+1] = item, at[i]+item.room()
		if items[i], err = item.in(item.room()); err != nil {
			return nil, fmt.Errorf("%w (item %d)", err, i)
		}
	}
	l := &ShareableList{at: at}
	m, err := memory(l.codeAt(len(values)))
	if err != nil {
		return nil, err
	}
	l.m = m
	return l, l.use(opWrite, func(buf []byte) error {
		binary.NativeEndian.PutUint64(buf, uint64(len(values)))
		for i, offset := range at {
			binary.NativeEndian.PutUint64(buf[word*(1+i):], uint64(offset))
		}
		for i, item := range items {
			l.storeValue(buf, i, item)
			l.storeFormat(buf, i, item)
		}
		return nil
	})
}

// OpenShareableList attaches to a list that exists, of this program or another; if
// there is none, the error matches fs.ErrNotExist. Python: ShareableList(name=name).
func OpenShareableList(ctx context.Context, name string) (*ShareableList, error) {
	m, err := OpenSharedMemory(ctx, name)
	if err != nil {
		return nil, err
	}
	return listIn(m)
}

// listIn finds the list in a memory, which it closes if there is none.
func listIn(m *SharedMemory) (*ShareableList, error) {
	l := &ShareableList{m: m}
	if err := l.use(opRead, l.read); err != nil {
		_ = m.Close()
		return nil, err
	}
	return l, nil
}

// read reads where everything is.
func (l *ShareableList) read(buf []byte) error {
	bad := func() error {
		return invalid("", "OpenShareableList: the memory %q holds no ShareableList of Python 3.9 or later", l.m.Name())
	}
	if len(buf) < 2*word {
		return bad()
	}
	n := int64(binary.NativeEndian.Uint64(buf))
	if n < 0 || n > int64(len(buf)/(2*word)) {
		return bad()
	}
	l.at = make([]int64, n+1)
	for i := range l.at {
		l.at[i] = int64(binary.NativeEndian.Uint64(buf[word*(1+i):]))
		if l.at[i] < 0 || l.at[i] > int64(len(buf)) || i > 0 && l.at[i] < l.at[i-1]+word {
			return bad()
		}
	}
	if l.at[0] != 0 || l.codeAt(int(n)) > len(buf) {
		return bad()
	}
	return nil
}

// Where the parts of item i are; for i = Len, where the part ends.
func (l *ShareableList) slotAt(i int) int   { return word*(1+len(l.at)) + int(l.at[i]) }
func (l *ShareableList) formatAt(i int) int { return l.slotAt(l.Len()) + word*i }
func (l *ShareableList) codeAt(i int) int   { return l.formatAt(l.Len()) + i }

// use runs steps on the memory unless it was closed. Threads of this process come
// before or after them all. Other processes come between them, too: in a virtual world
// anybody does.
func (l *ShareableList) use(k opKind, steps ...func(buf []byte) error) error {
	if l.m.in == nil { // no lock is held while a virtual world switches
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
	}
	for _, step := range steps {
		if l.m.buf == nil {
			return ErrClosed
		}
		if l.m.in != nil {
			t, err := l.m.thread()
			if err != nil {
				return err
			}
			l.m.in.common.Act(t, k)
		}
		if err := step(l.m.buf); err != nil {
			return err
		}
	}
	return nil
}

// Memory returns the memory that the list is in. Python: l.shm.
func (l *ShareableList) Memory() *SharedMemory { return l.m }

// Name returns the name, by which others attach. Python: l.shm.name.
func (l *ShareableList) Name() string { return l.m.Name() }

// Len returns the number of items. Python: len(l).
func (l *ShareableList) Len() int { return len(l.at) - 1 }

// index finds item i, from the end if i is negative.
func (l *ShareableList) index(i int, python string) (int, error) {
	at := i
	if at < 0 {
		at += l.Len()
	}
	if at < 0 || at >= l.Len() {
		return 0, invalid(python, "ShareableList: the index %d is out of the range of a list of %d items", i, l.Len())
	}
	return at, nil
}

// Get returns item i, from the end if i is negative: nil, a bool, an int (an int64
// where that is wider and needed), a float64, a string or a []byte. It is an error
// when i is out of range, and when somebody stored there what is no item.
// Python: l[i].
func (l *ShareableList) Get(i int) (v any, err error) {
	i, err = l.index(i, "index out of range")
	if err != nil {
		return nil, err
	}
	err = l.use(opRead, func(buf []byte) error {
		v, err = l.load(buf, i)
		return err
	})
	return v, err
}

// Set replaces item i, from the end if i is negative. It is an error, and changes
// nothing, when i is out of range, when v is of a type that a list cannot hold, and
// when it does not fit into the item's slot. Python: l[i] = v.
func (l *ShareableList) Set(i int, v any) error {
	i, err := l.index(i, "assignment index out of range")
	if err != nil {
		return err
	}
	item, err := newListItem(v)
	if err != nil {
		return err
	}
	if item, err = item.in(l.at[i+1] - l.at[i]); err != nil {
		return err
	}
	return l.use(opWrite, func(buf []byte) error {
		l.storeValue(buf, i, item)
		return nil
	}, func(buf []byte) error {
		l.storeFormat(buf, i, item)
		return nil
	})
}

// Values returns all items. Python: list(l).
func (l *ShareableList) Values() (values []any, err error) {
	values = make([]any, l.Len())
	err = l.use(opRead, func(buf []byte) error {
		for i := range values {
			if values[i], err = l.load(buf, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return values, nil
}

// Count returns how many items equal v. Python: l.count(v).
func (l *ShareableList) Count(v any) (n int, err error) {
	values, err := l.Values()
	for _, x := range values {
		if reflect.DeepEqual(x, v) {
			n++
		}
	}
	return n, err
}

// Index returns the index of the first item that equals v; it is an error when
// there is none. Python: l.index(v).
func (l *ShareableList) Index(v any) (int, error) {
	values, err := l.Values()
	if err != nil {
		return 0, err
	}
	for i, x := range values {
		if reflect.DeepEqual(x, v) {
			return i, nil
		}
	}
	return 0, invalid(pickle.Repr(v)+" not in this container", "ShareableList: %s is not in it", pickle.Repr(v))
}

// Format returns the formats of all items, as struct has them. Python: l.format.
func (l *ShareableList) Format() (format string, err error) {
	err = l.use(opRead, func(buf []byte) error {
		for i := range l.Len() {
			format += l.format(buf, i)
		}
		return nil
	})
	return format, err
}

// Close gives this handle's memory up; the list stays. Python: l.shm.close().
func (l *ShareableList) Close() error { return l.m.Close() }

// Unlink removes the name. Python: l.shm.unlink().
func (l *ShareableList) Unlink() error { return l.m.Unlink() }

// String shows the items and the name as Python's repr does.
func (l *ShareableList) String() string {
	values, err := l.Values()
	if err != nil {
		return fmt.Sprintf("ShareableList(%v, name='%s')", err, l.Name())
	}
	return fmt.Sprintf("ShareableList(%s, name='%s')", pickle.NewList(values...), l.Name())
}

// Reduce lets the list travel: by its name. It implements pickle.Reducer.
func (l *ShareableList) Reduce() (any, error) { return l.m.Reduce() }

func init() {
	pickle.RegisterReducer(func(name string) (*ShareableList, error) {
		m, err := arrivingMemory(name)
		if err != nil {
			return nil, err
		}
		return listIn(m)
	}, "process.ShareableList")
}

// A listItem is a value as it is stored.
type listItem struct {
	format string
	code   byte
	data   []byte
}

func newListItem(v any) (listItem, error) {
	number := func(format string, bits uint64) (listItem, error) {
		return listItem{format, codeNumber, binary.NativeEndian.AppendUint64(nil, bits)}, nil
	}
	switch v := v.(type) {
	case nil:
		return listItem{formatNone, codeNone, make([]byte, word)}, nil
	case string:
		if !utf8.ValidString(v) {
			return listItem{}, invalid("", "ShareableList: a string that is no UTF-8 is no text for Python: store it as []byte")
		}
		return listItem{code: codeStr, data: []byte(v)}, nil
	case []byte:
		return listItem{code: codeBytes, data: v}, nil
	}
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.Bool:
		data := make([]byte, word)
		if r.Bool() {
			data[word-1] = 1
		}
		return listItem{formatBool, codeNumber, data}, nil
	case r.CanInt():
		return number(formatInt, uint64(r.Int()))
	case r.CanUint() && r.Uint() <= math.MaxInt64:
		return number(formatInt, r.Uint())
	case r.CanFloat():
		return number(formatFloat, math.Float64bits(r.Float()))
	case r.CanUint():
		return listItem{}, invalid("int too large to convert", "ShareableList: %d does not fit into 64 bits with a sign", v)
	}
	return listItem{}, invalid(fmt.Sprintf("<class '%T'>", v), "ShareableList: a %T cannot be stored: nil, bools, ints, floats, strings and []byte can", v)
}

// room is the size of the slot that an item gets in a new list.
func (x listItem) room() int64 {
	if x.format != "" {
		return word
	}
	return int64(word * (len(x.data)/word + 1))
}

// in makes an item ready for a slot.
func (x listItem) in(room int64) (listItem, error) {
	if x.format != "" {
		return x, nil
	}
	n := int64(len(x.data))
	if n > room {
		return x, invalid("bytes/str item exceeds available storage", "ShareableList: %d bytes do not fit into a slot of %d", n, room)
	}
	x.format = fmt.Sprintf("%ds", room)
	if n > 0 && x.data[n-1] == 0 {
		// Where the NULs of the item end and those of the slot begin.
		if x.format = fmt.Sprintf("%ds%dx", n, room-n); len(x.format) > word {
			return x, invalid("", "ShareableList: %d bytes that end in NULs cannot be told from the rest of a slot of %d", n, room)
		}
	}
	data := make([]byte, room)
	copy(data, x.data)
	x.data = data
	return x, nil
}

func (l *ShareableList) storeValue(buf []byte, i int, x listItem) {
	copy(buf[l.slotAt(i):l.slotAt(i+1)], x.data)
}

// storeFormat stores what says how to read an item.
func (l *ShareableList) storeFormat(buf []byte, i int, x listItem) {
	format := make([]byte, word)
	copy(format, x.format)
	copy(buf[l.formatAt(i):], format)
	buf[l.codeAt(i)] = x.code
}

func (l *ShareableList) format(buf []byte, i int) string {
	return string(bytes.TrimRight(buf[l.formatAt(i):l.formatAt(i+1)], "\x00"))
}

func (l *ShareableList) load(buf []byte, i int) (any, error) {
	slot, format, code := buf[l.slotAt(i):l.slotAt(i+1)], l.format(buf, i), buf[l.codeAt(i)]
	bits := binary.NativeEndian.Uint64(slot)
	switch {
	case code == codeNone:
		return nil, nil
	case code == codeNumber && format == formatInt:
		if n := int(int64(bits)); int64(n) == int64(bits) {
			return n, nil
		}
		return int64(bits), nil
	case code == codeNumber && format == formatFloat:
		return math.Float64frombits(bits), nil
	case code == codeNumber && format == formatBool:
		return slot[word-1] != 0, nil
	case code == codeStr, code == codeBytes:
		data, ok := textOf(slot, format)
		switch {
		case !ok:
		case code == codeBytes:
			return data, nil
		case utf8.Valid(data):
			return string(data), nil
		default:
			return nil, invalid("'utf-8' codec can't decode", "ShareableList: item %d is text that whoever stored it has cut", i)
		}
	}
	return nil, invalid("", "ShareableList: item %d has the format %q and the code %d, which mean nothing together", i, format, code)
}

// textOf returns the bytes of a slot without those behind the item: a format of
// "16s" is Python's, "10s6x" tells the length.
func textOf(slot []byte, format string) ([]byte, bool) {
	size, pad, _ := strings.Cut(format, "s")
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 || n > len(slot) {
		return nil, false
	}
	if pad == "" {
		return append([]byte{}, bytes.TrimRight(slot[:n], "\x00")...), true
	}
	return append([]byte{}, slot[:n]...), strings.HasSuffix(pad, "x")
}

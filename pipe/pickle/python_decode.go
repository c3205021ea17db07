package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"
)

// A pyDecoder is the machine that a pickle is a program for. It only ever makes
// values of this package.
type pyDecoder struct {
	cfg   config
	data  []byte
	pos   int
	proto int

	stack  []pyItem
	high   int   // the most that the stack held
	marks  []int // heights of the stack
	memo   []pyItem
	sparse map[int]pyItem // the memo of those who number it as they like

	room   int // bytes that may still be asked for
	keys   keyer
	made   int  // containers
	tangle bool // something that can change was referred to a second time
	buffer int  // the next of cfg.buffers
}

// A pyItem is a value and how many containers lie within each other in it.
type pyItem struct {
	v    any
	deep int
}

const pyKept = 1 << 12 // a pooled machine does not hold on to more

func (d *pyDecoder) free() {
	if cap(d.stack) > pyKept || cap(d.memo) > pyKept {
		return
	}
	clear(d.stack[:max(d.high, len(d.stack))])
	clear(d.memo)
	*d = pyDecoder{stack: d.stack[:0], marks: d.marks[:0], memo: d.memo[:0]}
	pyDecoders.Put(d)
}

func (d *pyDecoder) fail(python, format string, args ...any) *Error {
	return &Error{Op: opUnmarshal, Offset: d.pos, Reason: fmt.Sprintf(format, args...), Python: python}
}

func (d *pyDecoder) truncated() *Error {
	return d.fail(truncated, "the message ends too early, after %d bytes", len(d.data))
}

// message runs a whole pickle.
func (d *pyDecoder) message(data []byte, opts []Option) (any, *Error) {
	d.cfg.init(opts)
	d.data = data
	if len(data) > d.cfg.size {
		return nil, d.fail("", "the message of %d bytes is longer than WithMaxSize allows (%d bytes)", len(data), d.cfg.size)
	}
	d.room = d.cfg.room(len(data) + d.buffered())
	d.keys.room = &d.room
	if len(data) == 0 {
		return nil, d.fail("Ran out of input", "the message is empty")
	}
	if data[0] == layout1 {
		return nil, d.fail(`invalid load key, '\xe1'.`, "the message is one of pickle.Native: both sides must use the same codec")
	}
	if err := d.run(); err != nil {
		return nil, err
	}
	switch {
	case d.pos < len(data):
		return nil, d.fail("", "%d bytes follow the end of the pickle", len(data)-d.pos)
	case len(d.stack) == 0:
		return nil, d.underflow()
	case len(d.stack) > 1 || len(d.marks) > 0:
		return nil, d.fail("", "the pickle leaves more than one value")
	case d.cfg.buffers != nil && d.buffer < len(d.cfg.buffers.List):
		return nil, d.fail("", "the pickle uses %d of the %d buffers that came with it", d.buffer, len(d.cfg.buffers.List))
	}
	v := d.stack[0].v
	if d.tangle && d.made > d.cfg.depth && tooDeep(v, d.cfg.depth) {
		return nil, d.tooDeep()
	}
	return v, nil
}

func (d *pyDecoder) buffered() (n int) {
	if d.cfg.buffers != nil {
		for _, b := range d.cfg.buffers.List {
			n += len(b)
		}
	}
	return n
}

func (d *pyDecoder) tooDeep() *Error {
	return d.fail("maximum recursion depth exceeded", "the value is nested deeper than WithMaxDepth allows (%d)", d.cfg.depth)
}

// charge takes n bytes of the memory that may be asked for.
func (d *pyDecoder) charge(n int) *Error {
	if d.room -= n; d.room < 0 {
		return d.fail("", "decoding needs more memory than the length of the message justifies; WithMaxMemory allows more")
	}
	return nil
}

func (d *pyDecoder) take(n int) ([]byte, *Error) {
	if n < 0 || n > len(d.data)-d.pos {
		return nil, d.truncated()
	}
	b := d.data[d.pos : d.pos+n]
	d.pos += n
	return b, nil
}

// size reads a length of 1, 4 or 8 bytes.
func (d *pyDecoder) size(n int) (int, *Error) {
	b, err := d.take(n)
	if err != nil {
		return 0, err
	}
	var size uint64
	switch n {
	case 1:
		size = uint64(b[0])
	case 4:
		size = uint64(binary.LittleEndian.Uint32(b))
	default:
		size = binary.LittleEndian.Uint64(b)
	}
	if size > uint64(len(d.data)-d.pos) {
		return 0, d.truncated()
	}
	return int(size), nil
}

// blob reads a length and as many bytes.
func (d *pyDecoder) blob(n int) ([]byte, *Error) {
	size, err := d.size(n)
	if err != nil {
		return nil, err
	}
	return d.take(size)
}

func (d *pyDecoder) push(v any) { d.stack = append(d.stack, pyItem{v, 0}) }

// contain pushes a value that contains others.
func (d *pyDecoder) contain(v any, deep int) *Error {
	d.made++
	if deep > d.cfg.depth {
		return d.tooDeep()
	}
	d.stack = append(d.stack, pyItem{v, deep})
	return nil
}

func (d *pyDecoder) underflow() *Error {
	return d.fail("unpickling stack underflow", "an instruction finds nothing on the stack")
}

// floor is the height below which the instructions of now must not reach.
func (d *pyDecoder) floor() int {
	if n := len(d.marks); n > 0 {
		return d.marks[n-1]
	}
	return 0
}

func (d *pyDecoder) pop() (pyItem, *Error) {
	n := len(d.stack) - 1
	if n < d.floor() {
		return pyItem{}, d.underflow()
	}
	it := d.stack[n]
	d.cut(n)
	return it, nil
}

// cut leaves n items on the stack.
func (d *pyDecoder) cut(n int) {
	d.high = max(d.high, len(d.stack))
	d.stack = d.stack[:n]
}

// top returns the item that stays on the stack.
func (d *pyDecoder) top() (*pyItem, *Error) {
	n := len(d.stack) - 1
	if n < d.floor() {
		return nil, d.underflow()
	}
	return &d.stack[n], nil
}

// popMark takes what lies above the last mark; it is valid until the next push.
func (d *pyDecoder) popMark() ([]pyItem, *Error) {
	n := len(d.marks) - 1
	if n < 0 {
		return nil, d.fail("could not find MARK", "an instruction finds no mark on the stack")
	}
	at := d.marks[n]
	d.marks = d.marks[:n]
	items := d.stack[at:]
	d.cut(at)
	return items, nil
}

// last takes the n items on top; they are valid until the next push.
func (d *pyDecoder) last(n int) ([]pyItem, *Error) {
	at := len(d.stack) - n
	if at < d.floor() {
		return nil, d.underflow()
	}
	items := d.stack[at:]
	d.cut(at)
	return items, nil
}

func depthOf(items []pyItem) (deep int) {
	for i := range items {
		deep = max(deep, items[i].deep)
	}
	return deep + 1
}

func values(items []pyItem) []any {
	out := make([]any, len(items))
	for i := range items {
		out[i] = items[i].v
	}
	return out
}

// changeable reports whether more can be put into a value.
func changeable(v any) bool {
	switch v.(type) {
	case *List, *Dict, *Set, *Object, *Exception:
		return true
	}
	return false
}

func (d *pyDecoder) get(n int) *Error {
	var it pyItem
	ok := n >= 0 && n < len(d.memo)
	if ok {
		it = d.memo[n]
	} else {
		it, ok = d.sparse[n]
	}
	if !ok {
		return d.fail(fmt.Sprintf("Memo value not found at index %d", n), "the pickle refers to object %d, which it has not made", n)
	}
	if changeable(it.v) {
		d.tangle = true
	}
	d.stack = append(d.stack, it)
	return nil
}

func (d *pyDecoder) put(n int) *Error {
	it, err := d.top()
	switch {
	case err != nil:
		return err
	case n < 0:
		return d.fail("negative PUT argument", "the pickle numbers an object %d", n)
	case n < len(d.memo):
		d.memo[n] = *it
	case n == len(d.memo):
		delete(d.sparse, n)
		d.memo = append(d.memo, *it)
	default:
		if d.sparse == nil {
			d.sparse = map[int]pyItem{}
		}
		if err := d.charge(40); err != nil {
			return err
		}
		d.sparse[n] = *it
	}
	return nil
}

// run performs the instructions up to STOP.
func (d *pyDecoder) run() (err *Error) {
	for err == nil {
		if d.pos >= len(d.data) {
			return d.truncated()
		}
		op := d.data[d.pos]
		d.pos++
		switch op {
		case pyStop:
			return nil
		case pyBinInt1:
			var b []byte
			if b, err = d.take(1); err == nil {
				d.push(int(b[0]))
			}
		case pyBinInt2:
			var b []byte
			if b, err = d.take(2); err == nil {
				d.push(int(binary.LittleEndian.Uint16(b)))
			}
		case pyBinInt:
			var b []byte
			if b, err = d.take(4); err == nil {
				d.push(int(int32(binary.LittleEndian.Uint32(b))))
			}
		case pyBinFloat:
			var b []byte
			if b, err = d.take(8); err == nil {
				d.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
			}
		case pyNone:
			d.push(nil)
		case pyNewTrue:
			d.push(true)
		case pyNewFalse:
			d.push(false)
		case pyLong1:
			err = d.long(1)
		case pyLong4:
			err = d.long(4)
		case pyShortBinUnicode:
			err = d.text(1)
		case pyBinUnicode:
			err = d.text(4)
		case pyBinUnicode8:
			err = d.text(8)
		case pyShortBinBytes:
			err = d.bytes(1)
		case pyBinBytes:
			err = d.bytes(4)
		case pyBinBytes8:
			err = d.bytes(8)
		case pyMemoize:
			err = d.put(len(d.memo) + len(d.sparse))
		case pyBinGet:
			var b []byte
			if b, err = d.take(1); err == nil {
				err = d.get(int(b[0]))
			}
		case pyMark:
			d.marks = append(d.marks, len(d.stack))
		case pyFrame:
			_, err = d.size(8)
		case pyProto:
			var b []byte
			if b, err = d.take(1); err == nil {
				if d.proto = int(b[0]); d.proto > pyNewest {
					err = d.fail(fmt.Sprintf("unsupported pickle protocol: %d", d.proto), "the pickle has protocol %d; 0 to %d are known", d.proto, pyNewest)
				}
			}
		default:
			err = d.compose(op)
		}
	}
	return err
}

// long reads an int of any size: little endian, in two's complement.
func (d *pyDecoder) long(n int) *Error {
	b, err := d.blob(n)
	if err != nil {
		return err
	}
	if len(b) <= 8 {
		var x uint64
		for i := len(b) - 1; i >= 0; i-- {
			x = x<<8 | uint64(b[i])
		}
		if shift := 64 - 8*uint(len(b)); len(b) > 0 {
			x = uint64(int64(x<<shift) >> shift)
		}
		if small := int(int64(x)); int64(small) == int64(x) {
			d.push(small)
		} else {
			d.push(big.NewInt(int64(x)))
		}
		return nil
	}
	if err := d.charge(3 * len(b)); err != nil {
		return err
	}
	be := make([]byte, len(b))
	for i := range b {
		be[len(b)-1-i] = b[i]
	}
	x := new(big.Int).SetBytes(be)
	if be[0]&0x80 != 0 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	d.push(bigValue(x))
	return nil
}

// bigValue is how an int arrives.
func bigValue(x *big.Int) any {
	if x.IsInt64() {
		if small := int(x.Int64()); int64(small) == x.Int64() {
			return small
		}
	}
	return x
}

func (d *pyDecoder) text(n int) *Error {
	b, err := d.blob(n)
	if err != nil {
		return err
	}
	if !utf8.Valid(b) && !surrogatePass(string(b)) {
		return d.fail("'utf-8' codec can't decode", "a str is no UTF-8")
	}
	d.push(string(b))
	return nil
}

func (d *pyDecoder) bytes(n int) *Error {
	b, err := d.blob(n)
	if err != nil {
		return err
	}
	d.push(d.own(b))
	return nil
}

// own makes a part of the message the receiver's.
func (d *pyDecoder) own(b []byte) []byte {
	if d.cfg.aliasing && len(b) >= aliasMin {
		return b[:len(b):len(b)]
	}
	return append([]byte{}, b...)
}

// surrogatePass reports whether s is UTF-8 but for surrogates, which have three
// bytes. Python: the error handler "surrogatepass".
func surrogatePass(s string) bool {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			if _, n = surrogate(s); n == 0 {
				return false
			}
		}
		s = s[n:]
	}
	return true
}

// surrogate returns the surrogate that s begins with, and its length, or 0.
func surrogate(s string) (rune, int) {
	if len(s) >= 3 && s[0] == 0xed && s[1]&0xe0 == 0xa0 && s[2]&0xc0 == 0x80 {
		return 0xd000 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return 0, 0
}

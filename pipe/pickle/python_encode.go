package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"unicode/utf8"
	"unsafe"
)

// A pyEncoder writes the program that makes a value, in protocol 4. What CPython's
// own pickler writes for the same value differs in the frames, which a reader of
// whole messages has no use for, and in that strings and bytes, which have no
// identity in Go, are not numbered.
type pyEncoder struct {
	cfg   config
	buf   []byte
	memo  memo // one entry for each MEMOIZE
	names []Global
	deep  int
}

// pyBatch is how many items CPython puts on the stack at once.
const pyBatch = 1000

func (e *pyEncoder) free() {
	e.cfg = config{}
	e.memo.reset()
	e.names, e.deep = e.names[:0], 0
	pyEncoders.Put(e)
}

// value writes a value by its dynamic type.
func (e *pyEncoder) value(v any) *Error {
	switch v := v.(type) {
	case nil:
		e.buf = append(e.buf, pyNone)
	case bool:
		e.bool(v)
	case int:
		e.int(int64(v))
	case float64:
		e.float(v)
	case string:
		return e.text(v)
	case []byte:
		e.bytes(v)
	case []any:
		return e.list(e.sliceOf(v), v)
	case Tuple:
		return e.tuple(v)
	case map[string]any:
		return e.mapped(reflect.ValueOf(v))
	default:
		return e.thing(v)
	}
	return nil
}

// thing writes a value of one of this package's types for Python.
func (e *pyEncoder) thing(v any) *Error {
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && r.IsNil() {
		e.buf = append(e.buf, pyNone)
		return nil
	}
	switch v := v.(type) {
	case *List:
		return e.list(identity{ptr: unsafe.Pointer(v)}, v.Items)
	case List:
		return e.list(e.sliceOf(v.Items), v.Items)
	case *Dict:
		return e.dict(v)
	case *Set:
		return e.set(v)
	case *FrozenSet:
		return e.frozenSet(v)
	case *big.Int:
		e.big(v)
	case big.Int:
		e.big(&v)
	case *ByteArray:
		return e.byteArray(v)
	case ByteArray:
		return e.byteArray(&v)
	case Global:
		return e.global(v)
	case *Exception:
		return e.exception(v)
	case *Object:
		return e.object(v)
	case Exception, Object, Dict, Set, FrozenSet:
		return refused(r.Type(), "it is used by its pointer, for it has an identity")
	case complex128:
		return e.complex(v)
	case complex64:
		return e.complex(complex128(v))
	default:
		return e.other(r)
	}
	return nil
}

func (e *pyEncoder) bool(v bool) {
	op := byte(pyNewFalse)
	if v {
		op = pyNewTrue
	}
	e.buf = append(e.buf, op)
}

func (e *pyEncoder) int(n int64) {
	switch {
	case n >= 0 && n <= 0xff:
		e.buf = append(e.buf, pyBinInt1, byte(n))
	case n >= 0 && n <= 0xffff:
		e.buf = append(e.buf, pyBinInt2, byte(n), byte(n>>8))
	case n == int64(int32(n)):
		e.buf = binary.LittleEndian.AppendUint32(append(e.buf, pyBinInt), uint32(n))
	default:
		size := 8
		for size > 1 && n == n<<(8*uint(9-size))>>(8*uint(9-size)) {
			size--
		}
		e.buf = append(e.buf, pyLong1, byte(size))
		for i := range size {
			e.buf = append(e.buf, byte(n>>(8*uint(i))))
		}
	}
}

// big writes an int of any size.
func (e *pyEncoder) big(n *big.Int) {
	if n.IsInt64() {
		e.int(n.Int64())
		return
	}
	size := n.BitLen()/8 + 1
	x := n
	if n.Sign() < 0 {
		// -2**(8k-1) fits into k bytes.
		if tz := n.TrailingZeroBits(); int(tz)+1 == n.BitLen() && n.BitLen()%8 == 0 {
			size--
		}
		x = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	if size <= 0xff {
		e.buf = append(e.buf, pyLong1, byte(size))
	} else {
		e.buf = binary.LittleEndian.AppendUint32(append(e.buf, pyLong4), uint32(size))
	}
	at := len(e.buf)
	e.buf = append(e.buf, make([]byte, size)...)
	b := x.FillBytes(e.buf[at:])
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func (e *pyEncoder) float(f float64) {
	e.buf = binary.BigEndian.AppendUint64(append(e.buf, pyBinFloat), math.Float64bits(f))
}

func (e *pyEncoder) complex(c complex128) *Error {
	if err := e.global(Global{"builtins", "complex"}); err != nil {
		return err
	}
	e.float(real(c))
	e.float(imag(c))
	e.buf = append(e.buf, pyTuple2, pyReduce)
	return nil
}

var stringType = reflect.TypeFor[string]()

func (e *pyEncoder) text(s string) *Error {
	if !utf8.ValidString(s) && !surrogatePass(s) {
		return refused(stringType, "it is no UTF-8, and a str of Python is text; send it as []byte")
	}
	e.head(len(s), pyShortBinUnicode, pyBinUnicode, pyBinUnicode8)
	e.buf = append(e.buf, s...)
	return nil
}

func (e *pyEncoder) bytes(b []byte) {
	e.head(len(b), pyShortBinBytes, pyBinBytes, pyBinBytes8)
	e.buf = append(e.buf, b...)
}

// head writes an instruction with a length, in the shortest of its forms.
func (e *pyEncoder) head(n int, op1, op4, op8 byte) {
	switch {
	case n <= 0xff:
		e.buf = append(e.buf, op1, byte(n))
	case n <= math.MaxInt32:
		e.buf = binary.LittleEndian.AppendUint32(append(e.buf, op4), uint32(n))
	default:
		e.buf = binary.LittleEndian.AppendUint64(append(e.buf, op8), uint64(n))
	}
}

// again writes a reference to an object that was written before.
func (e *pyEncoder) again(id identity) bool {
	n, ok := e.memo.find(id)
	if ok {
		e.refer(n)
	}
	return ok
}

func (e *pyEncoder) refer(n int) {
	if n <= 0xff {
		e.buf = append(e.buf, pyBinGet, byte(n))
	} else {
		e.buf = binary.LittleEndian.AppendUint32(append(e.buf, pyLongBinGet), uint32(n))
	}
}

// memoize numbers the object on top of the stack.
func (e *pyEncoder) memoize(id identity) {
	e.memo.add(id)
	e.buf = append(e.buf, pyMemoize)
}

func (e *pyEncoder) enter(t reflect.Type) *Error {
	if e.deep++; e.deep <= e.cfg.depth {
		return nil
	}
	err := refused(t, fmt.Sprintf("it is nested deeper than WithMaxDepth allows (%d)", e.cfg.depth))
	err.Python = "maximum recursion depth exceeded while pickling an object"
	return err
}

var (
	listType  = reflect.TypeFor[*List]()
	tupleType = reflect.TypeFor[Tuple]()
	dictType  = reflect.TypeFor[*Dict]()
)

// sliceOf is the identity of a slice; one without elements has none.
func (e *pyEncoder) sliceOf(s []any) identity {
	if len(s) == 0 {
		return e.nobody()
	}
	return identity{ptr: unsafe.Pointer(unsafe.SliceData(s)), len: len(s)}
}

func (e *pyEncoder) list(id identity, items []any) *Error {
	if e.again(id) {
		return nil
	}
	if err := e.enter(listType); err != nil {
		return err
	}
	e.buf = append(e.buf, pyEmptyList)
	e.memoize(id)
	for start := 0; start < len(items); start += pyBatch {
		e.open(len(items))
		for i, v := range items[start:min(start+pyBatch, len(items))] {
			if err := e.value(v); err != nil {
				return err.inIndex(start + i)
			}
		}
		e.close(len(items), pyAppend, pyAppends)
	}
	e.deep--
	return nil
}

// nobody is an identity that nothing else has.
func (e *pyEncoder) nobody() identity { return identity{len: -1 - len(e.memo.known)} }

// open and close write a batch of items for the container below, which gets n in all.
func (e *pyEncoder) open(n int) {
	if n > 1 {
		e.buf = append(e.buf, pyMark)
	}
}

func (e *pyEncoder) close(n int, one, many byte) {
	if n == 1 {
		many = one
	}
	e.buf = append(e.buf, many)
}

func (e *pyEncoder) tuple(t Tuple) *Error {
	if len(t) == 0 {
		e.buf = append(e.buf, pyEmptyTuple)
		return nil
	}
	id := identity{ptr: unsafe.Pointer(unsafe.SliceData(t)), len: len(t), shape: &tupleShape}
	if e.again(id) {
		return nil
	}
	if err := e.enter(tupleType); err != nil {
		return err
	}
	if len(t) > 3 {
		e.buf = append(e.buf, pyMark)
	}
	for i, v := range t {
		if err := e.value(v); err != nil {
			return err.inIndex(i)
		}
	}
	e.deep--
	if n, ok := e.memo.find(id); ok {
		// A part of it led back to it, and it was made there: this one is dropped.
		if len(t) > 3 {
			e.buf = append(e.buf, pyPopMark)
		} else {
			e.buf = append(e.buf, []byte{pyPop, pyPop, pyPop}[:len(t)]...)
		}
		e.refer(n)
		return nil
	}
	op := byte(pyTuple)
	if len(t) <= 3 {
		op = pyTuple1 + byte(len(t)-1)
	}
	e.buf = append(e.buf, op)
	e.memoize(id)
	return nil
}

// tupleShape tells a Tuple from a list that has the same memory.
var tupleShape plan

func (e *pyEncoder) dict(d *Dict) *Error {
	id := identity{ptr: unsafe.Pointer(d)}
	if e.again(id) {
		return nil
	}
	if err := e.enter(dictType); err != nil {
		return err
	}
	e.buf = append(e.buf, pyEmptyDict)
	e.memoize(id)
	if err := e.entries(d); err != nil {
		return err
	}
	e.deep--
	return nil
}

// entries writes what is put into the dict below.
func (e *pyEncoder) entries(d *Dict) *Error {
	n, i := d.Len(), 0
	for k, v := range d.All() {
		if i%pyBatch == 0 {
			e.open(n)
		}
		if err := e.value(k); err != nil {
			return err.in("[key]")
		}
		if err := e.value(v); err != nil {
			return err.inKey(reflect.ValueOf(k))
		}
		if i++; i%pyBatch == 0 || i == n {
			e.close(n, pySetItem, pySetItems)
		}
	}
	return nil
}

func (e *pyEncoder) set(s *Set) *Error {
	id := identity{ptr: unsafe.Pointer(s)}
	if e.again(id) {
		return nil
	}
	if err := e.enter(reflect.TypeFor[*Set]()); err != nil {
		return err
	}
	e.buf = append(e.buf, pyEmptySet)
	e.memoize(id)
	items := s.d.keys()
	for start := 0; start < len(items); start += pyBatch {
		e.buf = append(e.buf, pyMark)
		for _, v := range items[start:min(start+pyBatch, len(items))] {
			if err := e.value(v); err != nil {
				return err.in("[element]")
			}
		}
		e.buf = append(e.buf, pyAddItems)
	}
	e.deep--
	return nil
}

func (e *pyEncoder) frozenSet(s *FrozenSet) *Error {
	id := identity{ptr: unsafe.Pointer(s)}
	if e.again(id) {
		return nil
	}
	if err := e.enter(reflect.TypeFor[*FrozenSet]()); err != nil {
		return err
	}
	e.buf = append(e.buf, pyMark)
	for v := range s.All() {
		if err := e.value(v); err != nil {
			return err.in("[element]")
		}
	}
	e.deep--
	if n, ok := e.memo.find(id); ok { // as for a tuple
		e.buf = append(e.buf, pyPopMark)
		e.refer(n)
		return nil
	}
	e.buf = append(e.buf, pyFrozenSet)
	e.memoize(id)
	return nil
}

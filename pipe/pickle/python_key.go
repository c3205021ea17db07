package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/cmplx"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"unsafe"
)

// A keyer makes the canonical form of keys: values that are equal in Python, and
// only those, have forms that are equal in Go.
type keyer struct {
	room   *int // bytes that forms may still have in one message; nil: keyRoom for each
	buf    []byte
	nested int
}

const (
	keyRoom   = 64 << 20
	keyNested = 200
)

// The forms of keys that are not their own.
type (
	bytesKey string
	bigKey   string // sign and bytes
	madeKey  string // tuples and frozensets
	nanKey   uint64 // the number of the NaN: each is equal to nothing
)

var nans atomic.Uint64

func keyError(reason, python string) *Error {
	return &Error{Op: opMarshal, Path: "key", Type: "key", Offset: -1, Reason: reason, Python: python}
}

func unhashable(v any) *Error {
	name := pyTypeName(v)
	return keyError(fmt.Sprintf("a %s cannot be a key of a dict or an element of a set", name), fmt.Sprintf("unhashable type: '%s'", name))
}

// key returns the canonical form of v.
func (k *keyer) key(v any) (any, error) {
	switch v := v.(type) {
	case string, nil, Global:
		return v, nil
	case int:
		return v, nil
	case bool:
		if v {
			return 1, nil
		}
		return 0, nil
	case float64:
		return floatKey(v), nil
	case complex128:
		if imag(v) == 0 {
			return floatKey(real(v)), nil
		}
		if cmplx.IsNaN(v) {
			return nanKey(nans.Add(1)), nil
		}
		return v, nil
	case []byte:
		if err := k.charge(len(v)); err != nil {
			return nil, err
		}
		return bytesKey(v), nil
	case *big.Int:
		if v == nil {
			return nil, unhashable(v)
		}
		if err := k.charge(len(v.Bits()) * bigWord); err != nil {
			return nil, err
		}
		return bigKeyOf(v), nil
	case *Object, *Exception:
		return v, nil
	case Tuple, *FrozenSet:
		k.buf, k.nested = k.buf[:0], 0
		var err error
		if k.buf, err = k.append(k.buf, v); err != nil {
			return nil, err
		}
		return madeKey(k.buf), nil
	}
	// The other types that Go programs put in.
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Bool:
		return k.key(r.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return bigKeyOf(big.NewInt(r.Int())), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return bigKeyOf(new(big.Int).SetUint64(r.Uint())), nil
	case reflect.Float32, reflect.Float64:
		return k.key(r.Float())
	case reflect.Complex64:
		return k.key(r.Complex())
	case reflect.String:
		return r.String(), nil
	}
	return nil, unhashable(v)
}

const bigWord = int(unsafe.Sizeof(big.Word(0)))

func floatKey(f float64) any {
	switch {
	case f != f:
		return nanKey(nans.Add(1))
	case f == math.Trunc(f) && !math.IsInf(f, 0):
		if f > -1<<30 && f < 1<<30 {
			return int(f)
		}
		n, _ := big.NewFloat(f).Int(nil)
		return bigKeyOf(n)
	}
	return f
}

func bigKeyOf(n *big.Int) any {
	if n.IsInt64() {
		if small := n.Int64(); int64(int(small)) == small {
			return int(small)
		}
	}
	// Bytes and not digits, which take quadratic time.
	sign := "+"
	if n.Sign() < 0 {
		sign = "-"
	}
	return bigKey(sign + string(n.Bytes()))
}

func (k *keyer) charge(n int) error {
	if k.room == nil {
		room := keyRoom
		k.room = &room
	}
	if *k.room -= n; *k.room < 0 {
		return keyError("its keys are larger than WithMaxMemory allows", "")
	}
	return nil
}

// append appends a form that begins with what it is and how long, so that no two
// have the same bytes.
func (k *keyer) append(b []byte, v any) ([]byte, error) {
	var items []any
	tag := byte('t')
	switch v := v.(type) {
	case Tuple:
		items = v
	case *FrozenSet:
		tag, items = 'f', v.d.keys()
	default:
		return k.leaf(b, v)
	}
	if k.nested++; k.nested > keyNested {
		return b, keyError(fmt.Sprintf("a key is a tuple in more than %d others", keyNested), "")
	}
	defer func() { k.nested-- }()
	if err := k.charge(10 * (1 + len(items))); err != nil {
		return b, err
	}
	b = binary.AppendUvarint(append(b, tag), uint64(len(items)))
	if tag == 't' {
		for _, x := range items {
			var err error
			if b, err = k.append(b, x); err != nil {
				return b, err
			}
		}
		return b, nil
	}
	// The elements of a set have no order.
	forms := make([]string, len(items))
	for i, x := range items {
		form, err := k.append(nil, x)
		if err != nil {
			return b, err
		}
		forms[i] = string(form)
	}
	slices.Sort(forms)
	for _, form := range forms {
		b = appendString(b, form)
	}
	return b, nil
}

func (k *keyer) leaf(b []byte, v any) ([]byte, error) {
	inner := keyer{room: k.room}
	form, err := inner.key(v)
	k.room = inner.room
	if err != nil {
		return b, err
	}
	switch form := form.(type) {
	case nil:
		return append(b, 'n'), nil
	case int:
		return binary.AppendVarint(append(b, 'i'), int64(form)), nil
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 'd'), math.Float64bits(form)), nil
	case complex128:
		b = binary.BigEndian.AppendUint64(append(b, 'c'), math.Float64bits(real(form)+0))
		return binary.BigEndian.AppendUint64(b, math.Float64bits(imag(form))), nil
	case string:
		if err := k.charge(len(form)); err != nil {
			return b, err
		}
		return appendString(append(b, 's'), form), nil
	case bytesKey:
		return appendString(append(b, 'b'), string(form)), nil
	case bigKey:
		return appendString(append(b, 'l'), string(form)), nil
	case Global:
		return appendString(append(b, 'g'), strings.Join([]string{form.Module, form.Name}, "\x00")), nil
	}
	// Who it is: the key itself keeps an object where it is.
	switch form := form.(type) {
	case nanKey:
		return binary.BigEndian.AppendUint64(append(b, 'N'), uint64(form)), nil
	case *Object:
		return binary.BigEndian.AppendUint64(append(b, 'o'), uint64(uintptr(unsafe.Pointer(form)))), nil
	}
	return binary.BigEndian.AppendUint64(append(b, 'e'), uint64(uintptr(unsafe.Pointer(form.(*Exception))))), nil
}

package pickle

import (
	"bytes"
	"cmp"
	"math/big"
	"strings"
)

// equalDepth is how deep Equal and Compare look: Python's limit on recursion.
const equalDepth = 1000

// Equal reports whether two values that [Python] decodes are equal in Python, as
// a == b says: 1, 1.0 and True are, and lists with equal items. Objects and
// exceptions are equal only to themselves. What is nested deeper than a thousand
// times is not equal.
func Equal(a, b any) bool { return pyEqual(a, b, 0) }

func pyEqual(a, b any, deep int) bool {
	if deep > equalDepth {
		return false
	}
	switch x := a.(type) {
	case *List:
		y, ok := b.(*List)
		return ok && (x == y || equalItems(x.Items, y.Items, deep))
	case Tuple:
		y, ok := b.(Tuple)
		return ok && equalItems(x, y, deep)
	case *Dict:
		y, ok := b.(*Dict)
		if !ok || x.Len() != y.Len() {
			return false
		}
		for k, v := range x.All() {
			if w, ok := y.Get(k); !ok || !pyEqual(v, w, deep+1) {
				return false
			}
		}
		return true
	case *Set, *FrozenSet:
		return equalSets(elementsOf(a), elementsOf(b))
	case *ByteArray:
		y, ok := bytesOf(b)
		return ok && bytes.Equal(x.Bytes, y)
	case []byte:
		y, ok := bytesOf(b)
		return ok && bytes.Equal(x, y)
	}
	switch b.(type) {
	case *List, Tuple, *Dict, *Set, *FrozenSet, *ByteArray, []byte:
		return false
	}
	x, err := new(keyer).key(a)
	if err != nil {
		return false
	}
	y, err := new(keyer).key(b)
	return err == nil && x == y
}

func equalItems(a, b []any, deep int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !pyEqual(a[i], b[i], deep+1) {
			return false
		}
	}
	return true
}

func elementsOf(v any) *Dict {
	switch s := v.(type) {
	case *Set:
		return &s.d
	case *FrozenSet:
		return &s.d
	}
	return nil
}

func equalSets(a, b *Dict) bool {
	if b == nil || a.Len() != b.Len() {
		return false
	}
	for v := range a.Keys() {
		if _, ok := b.Get(v); !ok {
			return false
		}
	}
	return true
}

func bytesOf(v any) ([]byte, bool) {
	switch b := v.(type) {
	case []byte:
		return b, true
	case *ByteArray:
		return b.Bytes, true
	}
	return nil, false
}

// Compare returns -1, 0 or 1 when a is less than, equal to or greater than b in
// Python: numbers, strings, bytes, and tuples and lists of such. The error is an
// [*Exception], the TypeError that Python raises when two values have no order.
func Compare(a, b any) (int, error) { return pyCompare(a, b, 0) }

func pyCompare(a, b any, deep int) (int, error) {
	unordered := NewException("TypeError", "'<' not supported between instances of '"+pyTypeName(a)+"' and '"+pyTypeName(b)+"'")
	if deep > equalDepth {
		return 0, NewException("RecursionError", "maximum recursion depth exceeded in comparison")
	}
	if x, ok := numberOf(a); ok {
		y, ok := numberOf(b)
		if !ok {
			return 0, unordered
		}
		return x.Cmp(y), nil
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), nil
		}
	case []byte, *ByteArray:
		s, _ := bytesOf(x)
		if y, ok := bytesOf(b); ok {
			return bytes.Compare(s, y), nil
		}
	case *List:
		if y, ok := b.(*List); ok {
			return compareItems(x.Items, y.Items, deep)
		}
	case Tuple:
		if y, ok := b.(Tuple); ok {
			return compareItems(x, y, deep)
		}
	}
	return 0, unordered
}

// numberOf returns an int, a bool or a float that is no NaN.
func numberOf(v any) (*big.Float, bool) {
	switch n := v.(type) {
	case bool:
		if n {
			return big.NewFloat(1), true
		}
		return new(big.Float), true
	case int:
		return new(big.Float).SetInt64(int64(n)), true
	case *big.Int:
		return new(big.Float).SetInt(n), true
	case float64:
		if n == n {
			return big.NewFloat(n), true
		}
	}
	return nil, false
}

func compareItems(a, b []any, deep int) (int, error) {
	for i := range min(len(a), len(b)) {
		if !pyEqual(a[i], b[i], deep+1) {
			return pyCompare(a[i], b[i], deep+1)
		}
	}
	return cmp.Compare(len(a), len(b)), nil
}

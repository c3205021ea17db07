package pickle_test

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"

	"github.com/pygil/pygil/pipe/pickle"
)

// unlike compares two values of Python as Python could: types, values, order, and
// which objects are the same ones. It returns "" or says where they differ.
func unlike(a, b any) string {
	c := alike{to: map[any]any{}, from: map[any]any{}}
	return c.values(a, b)
}

type alike struct{ to, from map[any]any }

// met notes that two objects stand for each other.
func (c *alike) met(a, b any) (known bool, why string) {
	x, ok := c.to[a]
	y, also := c.from[b]
	switch {
	case ok && x == b && also && y == a:
		return true, ""
	case ok || also:
		return true, ": shared on one side only"
	}
	c.to[a], c.from[b] = b, a
	return false, ""
}

func (c *alike) values(a, b any) string {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return fmt.Sprintf(": %T and %T", a, b)
	}
	differ := fmt.Sprintf(": %v and %v", a, b)
	same := true
	switch x := a.(type) {
	case float64:
		same = math.Float64bits(x) == math.Float64bits(b.(float64)) || x != x && b != b
	case complex128:
		same = fmt.Sprint(x) == fmt.Sprint(b)
	case []byte:
		same = bytes.Equal(x, b.([]byte)) && (x == nil) == (b.([]byte) == nil)
	case *big.Int:
		same = x.Cmp(b.(*big.Int)) == 0
	case pickle.Tuple:
		y := b.(pickle.Tuple)
		if len(x) == 0 || len(y) == 0 {
			same = len(x) == len(y)
			break
		}
		if known, why := c.met(&x[0], &y[0]); known {
			return why
		}
		return c.items(x, y)
	case *pickle.List, *pickle.Dict, *pickle.Set, *pickle.FrozenSet, *pickle.ByteArray, *pickle.Object, *pickle.Exception:
		if known, why := c.met(a, b); known {
			return why
		}
		return c.objects(a, b)
	default:
		same = a == b
	}
	if same {
		return ""
	}
	return differ
}

func (c *alike) objects(a, b any) string {
	switch x := a.(type) {
	case *pickle.List:
		return c.items(x.Items, b.(*pickle.List).Items)
	case *pickle.Dict:
		return c.dicts(x, b.(*pickle.Dict))
	case *pickle.Set:
		y := b.(*pickle.Set)
		return c.sets(slices.Collect(x.All()), slices.Collect(y.All()), y.Has)
	case *pickle.FrozenSet:
		y := b.(*pickle.FrozenSet)
		return c.sets(slices.Collect(x.All()), slices.Collect(y.All()), y.Has)
	case *pickle.ByteArray:
		return c.values(append([]byte{}, x.Bytes...), append([]byte{}, b.(*pickle.ByteArray).Bytes...))
	case *pickle.Exception:
		y := b.(*pickle.Exception)
		if x.Class != y.Class || x.Traceback != y.Traceback {
			return fmt.Sprintf(": %v and %v", x, y)
		}
		return c.items([]any{x.Args, x.State}, []any{y.Args, y.State})
	}
	x, y := a.(*pickle.Object), b.(*pickle.Object)
	if x.Class != y.Class || x.ByNew != y.ByNew {
		return fmt.Sprintf(": %v and %v", x, y)
	}
	if why := c.items(x.Items, y.Items); why != "" {
		return ".Items" + why
	}
	return c.items([]any{x.Args, x.State, x.Kwargs, x.Entries}, []any{y.Args, y.State, y.Kwargs, y.Entries})
}

func (c *alike) items(a, b []any) string {
	if len(a) != len(b) {
		return fmt.Sprintf(": %d and %d items", len(a), len(b))
	}
	for i := range a {
		if why := c.values(a[i], b[i]); why != "" {
			return fmt.Sprintf("[%d]%s", i, why)
		}
	}
	return ""
}

func (c *alike) dicts(a, b *pickle.Dict) string {
	if a == nil || b == nil {
		if a != b {
			return ": a dict on one side only"
		}
		return ""
	}
	if a.Len() != b.Len() {
		return fmt.Sprintf(": %d and %d entries", a.Len(), b.Len())
	}
	// Pythons before 3.7 keep no order.
	for k, v := range a.All() {
		w, ok := b.Get(k)
		if !ok {
			return fmt.Sprintf(": no %v", k)
		}
		if why := c.values(v, w); why != "" {
			return fmt.Sprintf("[%v]%s", k, why)
		}
	}
	return ""
}

func (c *alike) sets(a, b []any, has func(any) bool) string {
	if len(a) != len(b) {
		return fmt.Sprintf(": %d and %d elements", len(a), len(b))
	}
	for _, v := range a {
		if !has(v) {
			return fmt.Sprintf(": no %v", v)
		}
	}
	return ""
}

package pickle

import (
	"fmt"
	"iter"
	"slices"
)

// A Dict is a Python dict, used as *Dict; the zero Dict is empty. It keeps its
// entries in the order in which their keys came. A key may be anything that
// Python can hash: nil, numbers, strings, []byte, tuples and frozensets of such,
// classes, and objects, which are equal only to themselves. Two keys are the same
// when they are equal in Python: 1, 1.0 and True are.
//
// A Dict is not safe for use by several goroutines while one of them changes it.
type Dict struct {
	entries []dictEntry
	index   map[any]int // by canonical key; nil while a scan is as good
	dead    int         // entries that were deleted
}

type dictEntry struct {
	k, v any // k is deleted{} when the entry is
}

type deleted struct{}

// dictLinear is how many entries are scanned rather than looked up.
const dictLinear = 8

// NewDict returns a dict of alternating keys and values. The error is an [*Error]
// when a key cannot be hashed, or the last one has no value.
func NewDict(pairs ...any) (*Dict, error) {
	if len(pairs)%2 != 0 {
		return nil, keyError(fmt.Sprintf("NewDict: the key %v has no value", pairs[len(pairs)-1]), "")
	}
	d := new(Dict)
	for i := 0; i < len(pairs); i += 2 {
		if err := d.Set(pairs[i], pairs[i+1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Set stores a value under a key. The error is an [*Error] when the key cannot be
// hashed: a list, a dict, a set. Python: d[key] = value.
func (d *Dict) Set(key, value any) error { return d.keep(key, value, new(keyer)) }

// Get returns the value of a key and whether there is one. What cannot be a key has
// none. Python: d.get(key).
func (d *Dict) Get(key any) (value any, ok bool) {
	i := d.find(key)
	if i < 0 {
		return nil, false
	}
	return d.entries[i].v, true
}

// Delete removes a key and returns the value that it had. Python: d.pop(key).
func (d *Dict) Delete(key any) (value any, ok bool) {
	i := d.find(key)
	if i < 0 {
		return nil, false
	}
	d.makeIndex()
	canon, _ := new(keyer).key(key)
	delete(d.index, canon)
	value = d.entries[i].v
	d.entries[i] = dictEntry{k: deleted{}}
	if d.dead++; d.dead > len(d.entries)/2+dictLinear {
		d.compact()
	}
	return value, true
}

// Clear removes everything. Python: d.clear().
func (d *Dict) Clear() { *d = Dict{} }

// Len returns the number of entries.
func (d *Dict) Len() int { return len(d.entries) - d.dead }

// All yields the entries in their order. Python: d.items().
func (d *Dict) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for _, e := range d.entries {
			if _, gone := e.k.(deleted); !gone && !yield(e.k, e.v) {
				return
			}
		}
	}
}

// Keys yields the keys in their order. Python: d.keys().
func (d *Dict) Keys() iter.Seq[any] {
	return func(yield func(any) bool) {
		for k := range d.All() {
			if !yield(k) {
				return
			}
		}
	}
}

// String returns Python's repr of the dict.
func (d *Dict) String() string { return Repr(d) }

// Reduce lets the dict travel in [Native] messages. It implements [Reducer].
func (d *Dict) Reduce() (any, error) {
	pairs := make([]any, 0, 2*d.Len())
	for k, v := range d.All() {
		pairs = append(pairs, k, v)
	}
	return pairs, nil
}

func (d *Dict) keys() []any {
	keys := make([]any, 0, d.Len())
	for k := range d.All() {
		keys = append(keys, k)
	}
	return keys
}

// expect makes room for n more entries.
func (d *Dict) expect(n int) {
	d.entries = slices.Grow(d.entries, n)
	if n += len(d.entries); d.index == nil && n > dictLinear {
		d.index = make(map[any]int, n)
		for i := range d.entries {
			d.index[d.entries[i].k] = i
		}
	}
}

// keep stores an entry.
func (d *Dict) keep(k, v any, ks *keyer) error {
	if d.index == nil {
		if i, scanned := d.scan(k); !scanned {
			d.makeIndex()
		} else if i >= 0 {
			d.entries[i].v = v
			return nil
		} else if len(d.entries) < dictLinear {
			d.entries = append(d.entries, dictEntry{k, v})
			return nil
		} else {
			d.makeIndex()
		}
	}
	canon, err := ks.key(k)
	if err != nil {
		return err
	}
	if i, ok := d.index[canon]; ok {
		d.entries[i].v = v
		return nil
	}
	d.index[canon] = len(d.entries)
	d.entries = append(d.entries, dictEntry{k, v})
	return nil
}

// find looks for a key and changes nothing, so that several may.
func (d *Dict) find(k any) int {
	canon, err := new(keyer).key(k)
	if err != nil {
		return -1
	}
	if d.index == nil {
		i, _ := d.scan(canon) // -1 for another kind of key
		return i
	}
	if i, ok := d.index[canon]; ok {
		return i
	}
	return -1
}

// scan looks for a string or int among few keys that are all strings or ints.
func (d *Dict) scan(k any) (i int, scanned bool) {
	switch k := k.(type) {
	case string:
		for i := range d.entries {
			if s, ok := d.entries[i].k.(string); ok && s == k {
				return i, true
			}
		}
	case int:
		for i := range d.entries {
			if n, ok := d.entries[i].k.(int); ok && n == k {
				return i, true
			}
		}
	default:
		return -1, false
	}
	return -1, true
}

// makeIndex goes over from scanning to looking up. While there was no index, all
// keys were strings and ints, which are their own canonical form.
func (d *Dict) makeIndex() {
	if d.index != nil {
		return
	}
	d.index = make(map[any]int, 2*len(d.entries))
	for i := range d.entries {
		d.index[d.entries[i].k] = i
	}
}

// compact forgets the entries that were deleted.
func (d *Dict) compact() {
	live := make([]dictEntry, 0, d.Len())
	to := make([]int, len(d.entries))
	for i, e := range d.entries {
		to[i] = len(live)
		if _, gone := e.k.(deleted); !gone {
			live = append(live, e)
		}
	}
	for k, i := range d.index {
		d.index[k] = to[i]
	}
	d.entries, d.dead = live, 0
}

package gil

// table is what a dict holds: its entries in the order of their keys' first
// appearance, with a hole where one was deleted, and where each key is. It is laid
// out and grows as CPython's does (Objects/dictobject.c), because that shows: an
// iterator stands at an entry number, and the holes go when the table grows.
type table[K comparable, V any] struct {
	at      map[K]int
	entries []entry[K, V]
	used    int // entries that are no holes
	room    int // entries that can come before the table must grow
}

type entry[K comparable, V any] struct {
	Item[K, V]
	gone bool
}

func (d *table[K, V]) get(k K) (v V, ok bool) {
	i, ok := d.at[k]
	if ok {
		v = d.entries[i].Value
	}
	return v, ok
}

func (d *table[K, V]) set(k K, v V) {
	if i, ok := d.at[k]; ok {
		d.entries[i].Value = v
		return
	}
	if d.room == 0 {
		d.grow()
	}
	d.at[k] = len(d.entries)
	d.entries = append(d.entries, entry[K, V]{Item: Item[K, V]{k, v}})
	d.used++
	d.room--
}

func (d *table[K, V]) remove(k K) (v V, ok bool) {
	i, ok := d.at[k]
	if !ok {
		return v, false
	}
	v = d.entries[i].Value
	d.entries[i] = entry[K, V]{gone: true}
	delete(d.at, k)
	d.used--
	return v, true
}

// grow makes room and closes the holes. A hash table of CPython (3.10 and later)
// has a power of two slots, about three times as many as keys when it has grown,
// and fills two thirds of them.
func (d *table[K, V]) grow() {
	slots := 8
	for slots < 3*d.used|8 {
		slots *= 2
	}
	holds := slots * 2 / 3
	entries := make([]entry[K, V], 0, holds)
	d.at = make(map[K]int, holds)
	for _, e := range d.entries {
		if !e.gone {
			d.at[e.Key] = len(entries)
			entries = append(entries, e)
		}
	}
	d.entries, d.room = entries, holds-len(entries)
}

func (d *table[K, V]) items() []Item[K, V] {
	items := make([]Item[K, V], 0, d.used)
	for i := range d.entries {
		if e := &d.entries[i]; !e.gone {
			items = append(items, e.Item)
		}
	}
	return items
}

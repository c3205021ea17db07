package pickle

import (
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// The registry is what the program said: which name stands for which type, how
// a value of it is rebuilt, which errors are sentinels. It changes at start-up,
// mostly. Encoding and decoding never look at it but at a world, an immutable
// copy that also keeps everything derived from it; a change drops the world and
// the next message makes a new one.
var registry = struct {
	sync.Mutex
	byName    map[string]*entry
	byType    map[reflect.Type]*entry
	sentinels map[string]error
	names     map[error]string

	current atomic.Pointer[world]
}{
	byName:    map[string]*entry{},
	byType:    map[reflect.Type]*entry{},
	sentinels: map[string]error{},
	names:     map[error]string{},
}

// An entry is one registered type.
type entry struct {
	typ      reflect.Type
	name     string
	explicit bool    // the name was given, not derived
	recipe   *recipe // nil: its fields, or its own marshal methods, are what travels
}

// A named is an entry as one world knows it, with its plan once that is made.
type named struct {
	entry
	plan atomic.Pointer[plan]
}

type world struct {
	byName    map[string]*named
	byType    map[reflect.Type]*named
	sentinels map[string]error
	names     map[error]string
	carriers  map[reflect.Type]bool // the types that sentinels have

	plans   sync.Map // reflect.Type → *plan
	derived sync.Map // derivation → *plan
	shared  sync.Map // two *plan → whether they may lead to the same memory
	compile sync.Mutex

	// Plans that are needed without looking anything up.
	list, dict, bytes, carried *plan
	basic                      [tagBasicEnd]*plan
}

// Register makes type T known, so that a value of it can be encoded where its
// type is not fixed (in an any, or as the whole message) and be rebuilt by
// Unmarshal. Both processes register the same types under the same names; the
// two sides of a message compare them by the types' structure too.
//
// The name is T's package path and name, such as "example.com/shop.Order",
// unless one is given. Register[*T] registers T. Built-in types need no
// registration, nor do pointers, slices, arrays and maps: registering one of
// those registers the types it is made of. An interface type is registered when
// slices or maps of it travel in an any. A struct type without a name may be
// registered too.
//
// Registering a type also is the program's consent to its own methods: where T
// or *T has MarshalBinary and UnmarshalBinary (or GobEncode and GobDecode), and
// no embedded field brings them, those carry it. That is the way for a type of
// another package with unexported fields. Without Register[T] the methods of T
// never run, wherever it occurs.
//
// Registering the same again does nothing, and a given name replaces a derived
// one. Register panics when the name stands for another type, when T has been
// given another name, and when T can never travel (a func, a chan). Call it from
// init functions or package variables, before the first message.
// Python: importability, which is how pickle finds classes.
func Register[T any](name ...string) {
	if len(name) > 1 {
		panic("pickle: Register: a type has one name")
	}
	t := reflect.TypeFor[T]()
	registry.Lock()
	defer registry.Unlock()
	if len(name) == 1 {
		for t.Kind() == reflect.Pointer && t.Name() == "" {
			t = t.Elem()
		}
		add(entry{typ: t, name: name[0], explicit: true})
		return
	}
	for _, part := range parts(t, nil) {
		add(entry{typ: part, name: typeName(part)})
	}
}

// parts appends the types that t is made of and that need a name.
func parts(t reflect.Type, to []reflect.Type) []reflect.Type {
	if _, builtin := builtinTags[t]; builtin {
		return to
	}
	if t.Name() != "" {
		if t.PkgPath() == "" { // int, string, error …
			return to
		}
		return append(to, t)
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return parts(t.Elem(), to)
	case reflect.Map:
		return parts(t.Elem(), parts(t.Key(), to))
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return to
		}
	}
	return append(to, t)
}

// add puts an entry into the registry, which the caller has locked.
func add(n entry) {
	t := n.typ
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if n.recipe == nil {
			panic(fmt.Sprintf("pickle: Register: a %s cannot leave its process; %s", className(t), adviceFor(t)))
		}
	}
	if n.name == "" || len(n.name) > maxName {
		panic(fmt.Sprintf("pickle: Register: the name of %s must have 1 to %d bytes", t, maxName))
	}
	old := registry.byType[t]
	if old != nil {
		switch {
		case n.recipe != nil && old.recipe != nil:
			panic(fmt.Sprintf("pickle: Register: %s already has a function that rebuilds it", t))
		case old.explicit && n.explicit && old.name != n.name:
			panic(fmt.Sprintf("pickle: Register: %s is registered as %q and cannot be %q too", t, old.name, n.name))
		}
		if old.explicit {
			n.name, n.explicit = old.name, true
		}
		if n.recipe == nil {
			n.recipe = old.recipe
		}
		if n == *old {
			return
		}
	}
	if other := registry.byName[n.name]; other != nil && other.typ != t {
		panic(fmt.Sprintf("pickle: Register: the name %q stands for %s and cannot stand for %s too; give one of them a name of its own",
			n.name, other.typ, t))
	}
	if old != nil {
		delete(registry.byName, old.name)
	}
	registry.byName[n.name], registry.byType[t] = &n, &n
	registry.current.Store(nil)
}

// Fingerprint returns a hash of every registered name, the structure of the type
// behind it and the sentinel errors. Two programs with the same fingerprint
// understand each other's messages. Messages check each type they name by
// themselves; a fingerprint in the first message of a connection finds a stale
// binary at once, with a sentence.
func Fingerprint() uint64 {
	w := currentWorld()
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(w.byName)) {
		io.WriteString(h, name)
		io.WriteString(h, " "+strconv.FormatUint(uint64(w.namedPlan(w.byName[name]).print), 16)+"\n")
	}
	for _, name := range slices.Sorted(maps.Keys(w.sentinels)) {
		io.WriteString(h, "error "+name+"\n")
	}
	return h.Sum64()
}

func currentWorld() *world {
	if w := registry.current.Load(); w != nil {
		return w
	}
	registry.Lock()
	defer registry.Unlock()
	if w := registry.current.Load(); w != nil {
		return w
	}
	w := newWorld()
	registry.current.Store(w)
	return w
}

// newWorld copies the registry, which the caller has locked.
func newWorld() *world {
	w := &world{
		byName:    make(map[string]*named, len(registry.byName)),
		byType:    make(map[reflect.Type]*named, len(registry.byType)),
		sentinels: maps.Clone(registry.sentinels),
		names:     maps.Clone(registry.names),
		carriers:  map[reflect.Type]bool{},
	}
	for name, e := range registry.byName {
		n := &named{entry: *e}
		w.byName[name], w.byType[e.typ] = n, n
	}
	for err := range w.names {
		w.carriers[reflect.TypeOf(err)] = true
	}
	for t, tag := range builtinTags {
		if tag < tagBasicEnd {
			w.basic[tag] = w.plan(t)
		}
	}
	w.list, w.dict, w.bytes = w.basic[tagList], w.basic[tagDict], w.basic[tagBytes]
	w.carried = w.plan(reflect.TypeFor[*CarriedError]())
	return w
}

// namedPlan returns the plan of a registered type.
func (w *world) namedPlan(n *named) *plan {
	if p := n.plan.Load(); p != nil {
		return p
	}
	p := w.plan(n.typ)
	n.plan.Store(p)
	return p
}

// maxName bounds a registered name, and so what a message may claim as one.
const maxName = 1 << 10

// typeName is the name that Register gives a type: its package path and name,
// or, for one without a name, how it is written in Go with full package paths.
func typeName(t reflect.Type) string {
	if t.Name() != "" {
		if t.PkgPath() == "" {
			return t.Name()
		}
		return t.PkgPath() + "." + t.Name()
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeName(t.Elem())
	case reflect.Slice:
		return "[]" + typeName(t.Elem())
	case reflect.Array:
		return "[" + strconv.Itoa(t.Len()) + "]" + typeName(t.Elem())
	case reflect.Map:
		return "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	case reflect.Struct:
		var b strings.Builder
		b.WriteString("struct{")
		for i := range t.NumField() {
			f := t.Field(i)
			if i > 0 {
				b.WriteString("; ")
			}
			b.WriteString(f.Name + " " + typeName(f.Type))
			if f.Tag != "" {
				b.WriteString(" " + strconv.Quote(string(f.Tag)))
			}
		}
		return b.String() + "}"
	}
	return t.String()
}

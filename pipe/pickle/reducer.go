package pickle

import (
	"encoding"
	"encoding/gob"
	"fmt"
	"reflect"
)

// A Reducer is a value that says itself what it is made from. Instead of its
// fields, the state that Reduce returns travels, and the function given to
// [RegisterReducer] for this type makes the value again on the other side.
//
// Reduce has no side effects and may be called more than once for one message.
// The state must not lead back to the value. When Reduce returns an error, the
// value is refused in that error's words; a type whose Reduce always fails needs
// no registration and is a type that says why it cannot travel.
// Python: object.__reduce__.
type Reducer interface {
	Reduce() (state any, err error)
}

// RegisterReducer makes T known, as [Register] does, together with the function
// that makes a value from its state. The state that Reduce returns must have
// type S.
//
// Decoding runs rebuild on whatever state a message holds: when the sender is
// not trusted, rebuild checks it as it would check any input. A panic in it is
// returned as an error. One that returns a pointer is called once for a value
// that occurs several times.
// Python: the callable that __reduce__ returns.
func RegisterReducer[T Reducer, S any](rebuild func(state S) (T, error), name ...string) {
	registerRecipe(newRecipe[T, S]("reducer", func(_ *Handles, v T) (S, error) {
		return stateAs[S](v.Reduce())
	}, func(_ *Handles, s S) (T, error) { return rebuild(s) }), name)
}

// RegisterPair makes T known, as [Register] does, together with the two
// functions that take it apart and make it again. It is [RegisterReducer] for
// the types of other packages. Python: copyreg.pickle.
func RegisterPair[T, S any](reduce func(T) (S, error), rebuild func(state S) (T, error), name ...string) {
	registerRecipe(newRecipe[T, S]("pair", func(_ *Handles, v T) (S, error) { return reduce(v) },
		func(_ *Handles, s S) (T, error) { return rebuild(s) }), name)
}

// A recipe is how values of a type are taken apart and made again by functions
// that the program registered.
type recipe struct {
	kind    string
	typ     reflect.Type
	state   reflect.Type
	reduce  func(h *Handles, v reflect.Value) (reflect.Value, error)
	rebuild func(h *Handles, state reflect.Value) (reflect.Value, error)
}

const kindHandle = "handle"

func newRecipe[T, S any](kind string, reduce func(*Handles, T) (S, error), rebuild func(*Handles, S) (T, error)) *recipe {
	return &recipe{
		kind:  kind,
		typ:   reflect.TypeFor[T](),
		state: reflect.TypeFor[S](),
		reduce: func(h *Handles, v reflect.Value) (reflect.Value, error) {
			var s S
			err := protect("taking it apart", func() (err error) {
				s, err = reduce(h, v.Interface().(T))
				return err
			})
			return reflect.ValueOf(&s).Elem(), err
		},
		rebuild: func(h *Handles, state reflect.Value) (reflect.Value, error) {
			var t T
			err := protect("the function that rebuilds it", func() (err error) {
				t, err = rebuild(h, *state.Addr().Interface().(*S))
				return err
			})
			return reflect.ValueOf(&t).Elem(), err
		},
	}
}

// stateAs checks what a Reduce method returned against the registered type.
func stateAs[S any](state any, err error) (S, error) {
	s, ok := state.(S)
	if err == nil && !ok && (state != nil || reflect.TypeFor[S]().Kind() != reflect.Interface) {
		err = fmt.Errorf("its state has type %T where %s was registered", state, reflect.TypeFor[S]())
	}
	return s, err
}

func registerRecipe(r *recipe, name []string) {
	t := r.typ
	switch {
	case len(name) > 1:
		panic("pickle: a type has one name")
	case t.Kind() == reflect.Interface:
		panic(fmt.Sprintf("pickle: %s is an interface; register the types behind it", t))
	case builtinTags[t] != 0:
		panic(fmt.Sprintf("pickle: %s has a form of its own; give it a named type to change that", t))
	case r.kind == kindHandle && t.Kind() != reflect.Pointer:
		panic(fmt.Sprintf("pickle: RegisterHandle: %s must be a pointer type: a live object is no copy", t))
	}
	n := entry{typ: t, recipe: r}
	if len(name) == 1 {
		n.name, n.explicit = name[0], true
	} else {
		n.name = typeName(t)
	}
	registry.Lock()
	defer registry.Unlock()
	add(n)
}

var (
	errorType         = reflect.TypeFor[error]()
	reducerType       = reflect.TypeFor[Reducer]()
	handleReducerType = reflect.TypeFor[HandleReducer]()
)

// reducerRefusal returns how a value is refused whose type asks to be rebuilt by
// a function when none is registered, and nil for every other type.
func reducerRefusal(w *world, t reflect.Type) func(*encoder, *plan, reflect.Value) *Error {
	if t.Kind() == reflect.Interface {
		return nil
	}
	method, iface := "Reduce", reducerType
	if p := reflect.PointerTo(t); t.Implements(handleReducerType) || p.Implements(handleReducerType) {
		method, iface = "ReduceHandle", handleReducerType
	} else if !t.Implements(reducerType) && !p.Implements(reducerType) {
		return nil
	}
	switch {
	case t.Kind() == reflect.Pointer && t.Elem().Implements(iface), // the type pointed to has the say
		brought(t, method):
		return nil
	case !t.Implements(iface):
		return func(_ *encoder, _ *plan, v reflect.Value) *Error {
			return refused(t, fmt.Sprintf("it is rebuilt by way of %s, which *%s has; hold a pointer to it", method, t))
		}
	case iface == handleReducerType:
		return func(_ *encoder, _ *plan, v reflect.Value) *Error {
			return refused(t, "no function that rebuilds it was registered with RegisterHandle")
		}
	}
	return func(_ *encoder, _ *plan, v reflect.Value) *Error {
		if v.Kind() != reflect.Pointer || !v.IsNil() {
			if err := protect("Reduce", func() error {
				_, err := v.Interface().(Reducer).Reduce()
				return err
			}); err != nil {
				return refusedBy(t, "it says", err)
			}
		}
		return refused(t, "no function that rebuilds it was registered with RegisterReducer")
	}
}

// brought reports whether a method of a struct may be one that an embedded field
// brings. Such a method speaks for the field and not for the whole: using it
// would lose the other fields without a word.
func brought(t reflect.Type, method string) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.Anonymous {
			continue
		}
		if _, ok := f.Type.MethodByName(method); ok {
			return true
		}
		if f.Type.Kind() != reflect.Interface && f.Type.Kind() != reflect.Pointer {
			if _, ok := reflect.PointerTo(f.Type).MethodByName(method); ok {
				return true
			}
		}
	}
	return false
}

// methods are a type's own way to and from bytes, used for registered types only.
type methods struct {
	kind      string
	marshal   func(v any) ([]byte, error)
	unmarshal func(v any, data []byte) error
}

var methodPairs = []struct {
	methods
	to, from             reflect.Type
	toMethod, fromMethod string
}{
	{methods{
		"binary",
		func(v any) ([]byte, error) { return v.(encoding.BinaryMarshaler).MarshalBinary() },
		func(v any, data []byte) error { return v.(encoding.BinaryUnmarshaler).UnmarshalBinary(data) },
	}, reflect.TypeFor[encoding.BinaryMarshaler](), reflect.TypeFor[encoding.BinaryUnmarshaler](), "MarshalBinary", "UnmarshalBinary"},
	{methods{
		"gob",
		func(v any) ([]byte, error) { return v.(gob.GobEncoder).GobEncode() },
		func(v any, data []byte) error { return v.(gob.GobDecoder).GobDecode(data) },
	}, reflect.TypeFor[gob.GobEncoder](), reflect.TypeFor[gob.GobDecoder](), "GobEncode", "GobDecode"},
}

// methodsOf returns the methods that could carry a type, or nil.
func methodsOf(t reflect.Type) *methods {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return nil
	}
	ptr := reflect.PointerTo(t)
	for i := range methodPairs {
		m := &methodPairs[i]
		if ptr.Implements(m.to) && ptr.Implements(m.from) && !brought(t, m.toMethod) && !brought(t, m.fromMethod) {
			return &m.methods
		}
	}
	return nil
}

// encMethods writes what the type's own marshal method returns.
func encMethods(e *encoder, p *plan, v reflect.Value) *Error {
	if !v.CanAddr() { // the method may want a pointer
		c := reflect.New(p.typ).Elem()
		c.Set(v)
		v = c
	}
	var data []byte
	err := protect("its marshal method", func() (err error) {
		data, err = p.methods.marshal(v.Addr().Interface())
		return err
	})
	if err != nil {
		return refusedBy(p.typ, "its marshal method says", err)
	}
	return e.blob(data)
}

func decMethods(d *decoder, p *plan, v reflect.Value) *Error {
	at := d.pos
	data, err := d.blob()
	if err != nil {
		return err
	}
	if err := protect("its unmarshal method", func() error {
		return p.methods.unmarshal(v.Addr().Interface(), data)
	}); err != nil {
		return d.failBy(at, p.typ, "its unmarshal method says", err)
	}
	return nil
}

// The codes of a rebuilt value that has no identity.
const (
	codeAbsent  = codeNil
	codePresent = codeNew
)

// encRecipe writes the state of a value that functions take apart and rebuild. A
// pointer or map among them keeps its identity.
func encRecipe(e *encoder, p *plan, v reflect.Value) *Error {
	r := p.recipe
	number := -1
	switch p.kind {
	case reflect.Pointer, reflect.Map:
		if v.IsNil() {
			e.code(codeNil)
			return nil
		}
		id := identity{v.UnsafePointer(), 0, p}
		if n, ok := e.memo.find(id); ok {
			if e.open[n] {
				return refused(p.typ, "its state leads back to it, and it cannot be rebuilt before its state")
			}
			e.seen(n)
			return nil
		}
		number = e.memo.add(id)
		if e.open == nil {
			e.open = map[int]bool{}
		}
		e.open[number] = true
		defer delete(e.open, number)
	}
	if r.kind == kindHandle && e.cfg.handles == nil {
		err := refused(p.typ, "pass it as an argument of a process, or send it over a connection that carries handles")
		err.Python = p.typ.Elem().Name() + inheritance
		return err
	}
	state, err := e.reduced(p, v)
	if err != nil {
		return refusedBy(p.typ, "it says", err)
	}
	if err := e.enter(p); err != nil {
		return err
	}
	e.code(codePresent)
	if err := p.elem.enc(e, p.elem, state); err != nil {
		return err.in(".Reduce()")
	}
	e.depth--
	return nil
}

func decRecipe(d *decoder, p *plan, v reflect.Value) *Error {
	at := d.pos
	code, fail := d.uvarint()
	if fail != nil {
		return fail
	}
	identified := p.kind == reflect.Pointer || p.kind == reflect.Map
	switch {
	case code == codeAbsent && identified:
		return nil
	case code == codeSeen && identified:
		return d.seen(p, v)
	case code != codePresent:
		return d.failAt(at, p.typ, "unknown code %d", code)
	}
	if p.recipe.kind == kindHandle && d.cfg.handles == nil {
		return d.failAt(at, p.typ, "the message refers to handles but came without any; decode it WithHandles")
	}
	number := len(d.memo)
	if identified {
		d.memo = append(d.memo, object{}) // until it is whole it cannot be referred to
	}
	if err := d.enter(p); err != nil {
		return err
	}
	if err := d.charge(at, 1, p.elem.size); err != nil {
		return err
	}
	state := reflect.New(p.recipe.state).Elem()
	if err := p.elem.dec(d, p.elem, state); err != nil {
		return err.in(".Reduce()")
	}
	d.depth--
	made, err := p.recipe.rebuild(d.cfg.handles, state)
	if err != nil {
		return d.failBy(at, p.typ, "the function that rebuilds it says", err)
	}
	if p.recipe.kind == kindHandle {
		d.rebuilt = append(d.rebuilt, made.Interface())
	}
	if identified {
		d.memo[number] = object{plan: p, ptr: made.UnsafePointer()}
	}
	v.Set(made)
	return nil
}

package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"sync"
)

// A plan is what there is to know about one type: made once, then only read. Its
// two functions write and read a value of the type without saying the type.
type plan struct {
	typ  reflect.Type
	kind reflect.Kind
	enc  func(*encoder, *plan, reflect.Value) *Error
	dec  func(*decoder, *plan, reflect.Value) *Error // into a settable zero value

	size int // of a value in memory
	min  int // the fewest bytes a value takes in a message; where it is 0, all take none

	tag   byte   // of a basic type, else 0
	name  string // of a registered type, else ""
	print uint32 // of a registered type: a hash of its structure
	words []byte // of a registered type: what describe writes the first time

	key, elem *plan
	len       int // of an array
	fields    []field
	shape     *plan // of pointers, slices and maps: the same type without its name
	recipe    *recipe
	advice    string // why a value of the type does not travel

	methods *methods

	carrier bool // some sentinel error has this type
	boxed   bool // a box around it is a level of depth: structs and arrays
	plain   bool // a struct that is its fields
	mixed   bool // whether its values can be compared depends on the value
	whole   bool // reading one overwrites the variable whatever was in it
	asks    bool // it asks to be rebuilt by a function, and none is registered
	bulk    bool // a number or bool that is written as its kind: many go in one go

	temps sync.Pool // of a map: *entryTemps
}

type field struct {
	*plan
	name  string
	index int
}

// plan returns the plan of a type, making it when this is the first time.
func (w *world) plan(t reflect.Type) *plan {
	if p, ok := w.plans.Load(t); ok {
		return p.(*plan)
	}
	w.compile.Lock()
	defer w.compile.Unlock()
	c := compiler{w: w, fresh: map[reflect.Type]*plan{}}
	p := c.get(t)
	// Elements behind pointers wait in a queue: they may lead back to a type
	// whose own plan is half made.
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		*next.to = c.get(next.typ)
	}
	for _, p := range c.fresh {
		if p.name != "" {
			p.print = structure(w, p.typ)
			p.words = appendString([]byte{tagNamed}, p.name)
			p.words = binary.LittleEndian.AppendUint32(p.words, p.print)
		}
	}
	// Only whole plans are shown to others.
	for t, p := range c.fresh {
		w.plans.Store(t, p)
		w.native(p)
	}
	return p
}

type compiler struct {
	w     *world
	fresh map[reflect.Type]*plan
	queue []awaited
}

type awaited struct {
	to  **plan
	typ reflect.Type
}

func (c *compiler) get(t reflect.Type) *plan {
	if p, ok := c.w.plans.Load(t); ok {
		return p.(*plan)
	}
	if p := c.fresh[t]; p != nil {
		return p
	}
	p := &plan{typ: t, kind: t.Kind(), size: int(t.Size()), min: 1, tag: builtinTags[t]}
	p.carrier = c.w.carriers[t]
	p.mixed = p.kind == reflect.Interface || p.kind == reflect.Struct || p.kind == reflect.Array
	c.fresh[t] = p
	if n := c.w.byType[t]; n != nil {
		p.name, p.recipe = n.name, n.recipe
	}
	c.fill(p)
	return p
}

func (c *compiler) later(to **plan, t reflect.Type) {
	c.queue = append(c.queue, awaited{to, t})
}

// fill decides how values of the type travel.
func (c *compiler) fill(p *plan) {
	t := p.typ
	switch {
	case p.recipe != nil:
		p.enc, p.dec = encRecipe, decRecipe
		c.later(&p.elem, p.recipe.state)
		p.shape = p
		return
	case p.tag >= tagTime && p.tag <= tagBigFloat:
		c.fillStandard(p)
		return
	}
	if refusal := reducerRefusal(c.w, t); refusal != nil {
		p.enc, p.dec, p.asks = refusal, decRefused, true
		return
	}
	if p.name != "" && p.kind != reflect.Interface {
		if m := methodsOf(t); m != nil {
			p.enc, p.dec, p.methods = encMethods, decMethods, m
			return
		}
	}
	c.fillKind(p)
}

func (c *compiler) fillKind(p *plan) {
	t := p.typ
	p.bulk = isBulk(p.kind)
	p.whole = p.bulk || p.kind == reflect.String
	switch p.kind {
	case reflect.Bool:
		p.enc, p.dec = encBool, decBool
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		p.enc, p.dec = encInt, decInt
	case reflect.Int8:
		p.enc, p.dec = encInt8, decInt8
	case reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.enc, p.dec = encUint, decUint
	case reflect.Uint8:
		p.enc, p.dec = encUint8, decUint8
	case reflect.Float32:
		p.enc, p.dec, p.min = encFloat32, decFloat32, 4
	case reflect.Float64:
		p.enc, p.dec, p.min = encFloat64, decFloat64, 8
	case reflect.Complex64:
		p.enc, p.dec, p.min = encComplex64, decComplex64, 8
	case reflect.Complex128:
		p.enc, p.dec, p.min = encComplex128, decComplex128, 16
	case reflect.String:
		p.enc, p.dec = encString, decString
	case reflect.Interface:
		p.enc, p.dec = encInterface, decInterface
	case reflect.Pointer:
		p.enc, p.dec = encPointer, decPointer
		c.later(&p.elem, t.Elem())
		c.shape(p, func() reflect.Type { return reflect.PointerTo(t.Elem()) })
	case reflect.Slice:
		p.enc, p.dec = encSlice, decSlice
		c.later(&p.elem, t.Elem())
		c.shape(p, func() reflect.Type { return reflect.SliceOf(t.Elem()) })
	case reflect.Map:
		p.enc, p.dec = encMap, decMap
		c.later(&p.key, t.Key())
		c.later(&p.elem, t.Elem())
		c.shape(p, func() reflect.Type { return reflect.MapOf(t.Key(), t.Elem()) })
	case reflect.Array:
		c.fillArray(p)
	case reflect.Struct:
		c.fillStruct(p)
	default: // func, chan, unsafe.Pointer
		p.enc, p.dec = encOutcast, decOutcast
		p.advice = adviceFor(t)
	}
}

// shape sets the plan of the type without its name.
func (c *compiler) shape(p *plan, unnamed func() reflect.Type) {
	if p.typ.Name() == "" {
		p.shape = p
		return
	}
	c.later(&p.shape, unnamed())
}

func (c *compiler) fillArray(p *plan) {
	p.boxed = true
	p.enc, p.dec = encArray, decArray
	p.elem, p.len = c.get(p.typ.Elem()), p.typ.Len()
	switch {
	case p.size == 0:
		p.min = 0
	case p.elem.min > math.MaxInt/p.len:
		p.min = math.MaxInt
	default:
		p.min = p.elem.min * p.len
	}
}

func (c *compiler) fillStruct(p *plan) {
	t := p.typ
	p.boxed, p.plain = true, true
	p.min = 0
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("pickle") == "-" || f.Name == "_" {
			continue
		}
		var fp *plan
		if f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct {
			fp = c.get(f.Type)
		}
		// The exported fields of an embedded struct can be reached and set
		// whatever its own name is, so it travels as long as it is its fields.
		if fp == nil || !f.IsExported() && !fp.plain {
			p.enc, p.dec, p.min, p.fields = encRefused, decRefused, 1, nil
			p.advice = hiddenFieldAdvice(t, f)
			return
		}
		p.fields = append(p.fields, field{fp, f.Name, i})
		if p.min += fp.min; p.min < fp.min {
			p.min = math.MaxInt
		}
	}
	p.enc, p.dec = encStruct, decStruct
}

func hiddenFieldAdvice(t reflect.Type, f reflect.StructField) string {
	switch t.PkgPath() {
	case "sync", "sync/atomic":
		return "it belongs to one process; package process has locks, events and values that processes share"
	}
	why := fmt.Sprintf("its field %s is unexported and would be lost", f.Name)
	ways := `export it, mark it with the tag pickle:"-" to leave it behind, or register a pair of functions with RegisterPair`
	switch {
	case t.Implements(errorType) || reflect.PointerTo(t).Implements(errorType):
		return why + "; send pickle.Carry(err), which keeps its text and causes, or " + ways
	case methodsOf(t) != nil:
		return fmt.Sprintf("%s; pickle.Register[%s]() lets its own marshal methods carry it", why, t)
	}
	return why + "; " + ways
}

// adviceFor says what to do instead of sending a func, a chan or an address.
func adviceFor(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Func:
		return "a function cannot leave its process; send a name and look it up on the other side, as process.Define does"
	case reflect.Chan:
		return "a channel cannot leave its process; send a pipe.Conn or a queue between processes"
	}
	return "an address means nothing in another process"
}

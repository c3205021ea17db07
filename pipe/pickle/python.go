package pickle

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Python is the codec that CPython's own pickle understands: it reads protocols 0
// to 5 and writes protocol 4, which every Python from 3.4 on reads. Give it to
// pipe.WithCodec where the peer is a Python process.
//
// What Python sends arrives as follows; what Go sends is written the other way
// round, with the additions in brackets.
//
//	None                   nil
//	bool                   bool
//	int                    int, or *big.Int when it does not fit [every integer type, big.Int]
//	float                  float64 [float32]
//	complex                complex128 [complex64]
//	str                    string, in which lone surrogates have three bytes (see below)
//	bytes                  []byte
//	bytearray              *ByteArray
//	list                   *List [List, every other slice and array]
//	tuple                  Tuple
//	dict                   *Dict, in order [every map; structs, by the names of their fields]
//	set, frozenset         *Set, *FrozenSet
//	an exception           *Exception, which is an error
//	a class, a function    Global, if it is allowed
//	any other object       *Object, if its class is allowed
//
// Objects that are shared are shared afterwards, and cycles are cycles: lists,
// dicts, sets, bytearrays, tuples, exceptions and objects keep their identity. A
// pointer to something else is that thing; one to a struct keeps its identity.
//
// UnmarshalInto, and so pipe.Recv, turn what arrives into the type that the
// receiver names when nothing is lost by it: a list into a []int, a dict into a
// map or a struct, an int into an int8 that holds it, None into a nil pointer, map
// or slice. [Convert] does so to a value that is there already.
//
// Nothing is imported and nothing is called, whatever a message says: a class is a
// name and an object what it is made from. Without [WithClasses] a message with
// objects of other classes is refused. A message is bounded as for [Unmarshal], and
// so is the memory that it may ask for; only the values of a dict's or set's large
// keys are looked at twice. WithMaxSize, WithMaxDepth, WithMaxMemory, WithAliasing,
// WithSortedKeys and, for reading, WithBuffers mean what they mean for [Native].
//
// A str is UTF-8, and a lone surrogate in it the three bytes that its code point
// would have; a string that is neither is refused, with the advice to send it as
// []byte. A nil slice or map is an empty list or dict. A struct's field may be
// named with the tag pickle:"name", and be left behind with pickle:"-". A value
// that has no form in Python is refused, with the way out.
//
// Python 2's str arrives as string when it is ASCII and as []byte otherwise.
var Python Codec = pythonCodec{}

type pythonCodec struct{}

func (pythonCodec) String() string { return "python" }

func (pythonCodec) Append(dst []byte, v any, opts ...Option) ([]byte, error) {
	e := pyEncoders.Get().(*pyEncoder)
	e.cfg.init(opts)
	kept := e.buf
	e.buf = append(dst, pyProto, pyProtocol)
	fail := e.value(v)
	out := append(e.buf, pyStop)
	if fail == nil && len(out)-len(dst) > e.cfg.size {
		fail = refused(reflect.TypeOf(&v).Elem(), fmt.Sprintf("the message is longer than WithMaxSize allows (%d bytes)", e.cfg.size))
	}
	e.buf = kept
	e.free()
	if fail != nil {
		return dst, fail.finish(rootName(reflect.TypeOf(v)))
	}
	return out, nil
}

func (pythonCodec) Unmarshal(data []byte, opts ...Option) (any, error) {
	d := pyDecoders.Get().(*pyDecoder)
	v, fail := d.message(data, opts)
	d.free()
	if fail != nil {
		return nil, fail.finish("value")
	}
	return v, nil
}

func (c pythonCodec) UnmarshalInto(data []byte, ptr any, opts ...Option) error {
	to, err := target(ptr)
	if err != nil {
		return err
	}
	v, err := c.Unmarshal(data, opts...)
	if err != nil {
		return err
	}
	var cfg config
	cfg.init(opts)
	return pyConvert(v, to, cfg.room(len(data)), cfg.depth)
}

// Convert stores a value that [Python] decoded in the variable that ptr points to,
// in the variable's type, when nothing is lost by it: the rules are UnmarshalInto's.
// On an error, an [*Error] with the path of the part that does not fit, the variable
// keeps its value.
func Convert(v any, ptr any) error {
	to, err := target(ptr)
	if err != nil {
		return err
	}
	return pyConvert(v, to, convertRoom, DefaultMaxDepth)
}

// convertRoom bounds what Convert makes of a value in which much is shared; a type
// without pointers has every copy for itself.
const convertRoom = 1 << 30

type classOption struct {
	names      []string
	exceptions bool
}

func (o classOption) apply(c *config) {
	if o.exceptions {
		c.raised = append(slices.Clip(c.raised), o.names...)
	} else {
		c.classes = append(slices.Clip(c.classes), o.names...)
	}
}

// WithClasses allows [Python] to decode objects of these classes, as [*Object], and
// references to these classes and functions, as [Global]. A name is
// "module.Class", or "module.*" for all of a module. Nothing of them is ever
// imported or called: allowing a class says that the program knows what to make of
// such objects. Other codecs, and encoding, ignore it.
func WithClasses(names ...string) Option { return classOption{names: checkClasses(names)} }

// WithExceptions says that these classes are exceptions, so that [Python] decodes
// their objects as [*Exception]. Those of Python itself need not be named.
func WithExceptions(names ...string) Option {
	return classOption{names: checkClasses(names), exceptions: true}
}

func checkClasses(names []string) []string {
	for _, name := range names {
		if i := strings.LastIndexByte(name, '.'); i <= 0 || i == len(name)-1 {
			panic(fmt.Sprintf("pickle: the class %q: give \"module.Class\" or \"module.*\"", name))
		}
	}
	return slices.Clone(names)
}

// listed reports whether names allow a class.
func listed(names []string, g Global) bool {
	for _, name := range names {
		if module, star := strings.CutSuffix(name, ".*"); star && module == g.Module {
			return true
		}
		if len(name) == len(g.Module)+1+len(g.Name) && strings.HasPrefix(name, g.Module) &&
			name[len(g.Module)] == '.' && strings.HasSuffix(name, g.Name) {
			return true
		}
	}
	return false
}

var (
	pyEncoders = sync.Pool{New: func() any { return new(pyEncoder) }}
	pyDecoders = sync.Pool{New: func() any { return new(pyDecoder) }}
)

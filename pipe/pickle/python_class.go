package pickle

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// The names of modules in Python 2, which protocols 0 to 2 use.
var oldModules = map[string]string{
	"__builtin__": "builtins",
	"exceptions":  "builtins",
	"copy_reg":    "copyreg",
	"Queue":       "queue",
}

// makers are the functions that values of Python's own types are pickled as calls
// of. None of them is called: each is known here.
var makers = map[Global]func(d *pyDecoder, args Tuple) (any, *Error){
	{"builtins", "set"}:                            makeSet,
	{"builtins", "frozenset"}:                      makeFrozenSet,
	{"builtins", "bytearray"}:                      makeByteArray,
	{"builtins", "bytes"}:                          makeBytes,
	{"_codecs", "encode"}:                          makeEncoded,
	{"builtins", "complex"}:                        makeComplex,
	{"builtins", "list"}:                           makeList,
	{"copyreg", "_reconstructor"}:                  makeOld,
	{"multiprocessing.pool", "rebuild_exc"}:        makeRaised,
	{"concurrent.futures.process", "_rebuild_exc"}: makeRaised,
}

// global pushes the name of a class or function, if it may be there.
func (d *pyDecoder) global(module, name string) *Error {
	if d.proto < 3 {
		if now := oldModules[module]; now != "" {
			module = now
		}
	}
	if !surrogatePass(module) || !surrogatePass(name) || module == "" || name == "" {
		return d.fail("", "the name of a class is no text")
	}
	g := Global{module, name}
	if makers[g] == nil && !isException(&d.cfg, g) && !listed(d.cfg.classes, g) {
		if len(module)+len(name) > maxName {
			return d.fail("", "the pickle has a class whose name has %d bytes", len(module)+len(name))
		}
		e := d.fail("", "the pickle needs %[1]s, which is not allowed here; allow it with pickle.WithClasses(%[1]q), or send what it is made from", g.String())
		e.Type = g.String()
		return e
	}
	if err := d.charge(64 + len(module) + len(name)); err != nil {
		return err
	}
	d.push(g)
	return nil
}

// class performs the instructions that have to do with classes, and hands the
// others on.
func (d *pyDecoder) class(op byte) *Error {
	switch op {
	case pyStackGlobal:
		items, err := d.last(2)
		if err != nil {
			return err
		}
		module, ok := items[0].v.(string)
		name, also := items[1].v.(string)
		if !ok || !also {
			return d.fail("STACK_GLOBAL requires str", "the name of a class is a %s and a %s", pyTypeName(items[0].v), pyTypeName(items[1].v))
		}
		return d.global(module, name)
	case pyGlobal:
		module, err := d.line()
		if err != nil {
			return err
		}
		name, err := d.line()
		if err != nil {
			return err
		}
		return d.global(module, name)
	case pyReduce, pyNewObj:
		items, err := d.last(2)
		if err != nil {
			return err
		}
		return d.call(op, items[0].v, items[1].v, nil, depthOf(items))
	case pyNewObjEx:
		items, err := d.last(3)
		if err != nil {
			return err
		}
		kwargs, ok := items[2].v.(*Dict)
		if !ok {
			return d.fail("NEWOBJ_EX expected a dict", "the keyword arguments of a class are a %s", pyTypeName(items[2].v))
		}
		return d.call(op, items[0].v, items[1].v, kwargs, depthOf(items))
	case pyInst:
		module, err := d.line()
		if err != nil {
			return err
		}
		name, err := d.line()
		if err != nil {
			return err
		}
		items, err := d.popMark()
		if err != nil {
			return err
		}
		args, deep := Tuple(values(items)), depthOf(items)
		if err := d.global(module, name); err != nil {
			return err
		}
		class, _ := d.pop()
		return d.call(op, class.v, args, nil, deep)
	case pyObj:
		items, err := d.popMark()
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return d.underflow()
		}
		return d.call(op, items[0].v, Tuple(values(items[1:])), nil, depthOf(items))
	case pyBuild:
		return d.build()
	}
	return d.old(op)
}

// call pushes what calling a class or function would make.
func (d *pyDecoder) call(op byte, callee, arguments any, kwargs *Dict, deep int) *Error {
	g, ok := callee.(Global)
	args, also := arguments.(Tuple)
	switch {
	case !ok:
		return d.fail("", "the pickle calls a %s", pyTypeName(callee))
	case !also:
		return d.fail("argument list must be a tuple", "the arguments of %s are a %s", g, pyTypeName(arguments))
	}
	if err := d.charge(objectCost); err != nil {
		return err
	}
	switch {
	case isException(&d.cfg, g):
		return d.contain(&Exception{Class: g, Args: args}, deep)
	case listed(d.cfg.classes, g):
		byNew := op == pyNewObj || op == pyNewObjEx
		return d.contain(&Object{Class: g, ByNew: byNew, Args: args, Kwargs: kwargs}, deep)
	case makers[g] == nil:
		return d.fail("", "the pickle calls %s, which it got as a value", g)
	case op != pyReduce:
		return d.fail("", "the pickle makes a %s in a way that Python does not", g)
	}
	v, err := makers[g](d, args)
	if err != nil {
		return err
	}
	return d.contain(v, deep)
}

// build gives an object its state.
func (d *pyDecoder) build() *Error {
	items, err := d.last(1)
	if err != nil {
		return err
	}
	state, deep := items[0].v, depthOf(items)
	to, err := d.top()
	if err != nil {
		return err
	}
	if to.deep = max(to.deep, deep); to.deep > d.cfg.depth {
		return d.tooDeep()
	}
	var at *any
	switch v := to.v.(type) {
	case *Object:
		at = &v.State
	case *Exception:
		at = &v.State
	default:
		return d.fail("", "the pickle gives a state to a %s", pyTypeName(to.v))
	}
	if *at != nil {
		return d.fail("", "the pickle gives a %s two states", pyTypeName(to.v))
	}
	*at = state
	return nil
}

func (d *pyDecoder) badCall(of string) *Error {
	return d.fail("", "the pickle calls %s with arguments that it does not take", of)
}

// elements are the items of the list or tuple that is the one argument of a call.
func elements(args Tuple) ([]any, bool) {
	if len(args) == 0 {
		return nil, true
	}
	if len(args) == 1 {
		switch v := args[0].(type) {
		case *List:
			return v.Items, true
		case Tuple:
			return v, true
		}
	}
	return nil, false
}

func asItems(vs []any) []pyItem {
	items := make([]pyItem, len(vs))
	for i, v := range vs {
		items[i].v = v
	}
	return items
}

func makeSet(d *pyDecoder, args Tuple) (any, *Error) {
	vs, ok := elements(args)
	if !ok {
		return nil, d.badCall("set")
	}
	s := new(Set)
	return s, d.addItems(&s.d, asItems(vs))
}

func makeFrozenSet(d *pyDecoder, args Tuple) (any, *Error) {
	vs, ok := elements(args)
	if !ok {
		return nil, d.badCall("frozenset")
	}
	s := new(FrozenSet)
	return s, d.addItems(&s.d, asItems(vs))
}

func makeList(d *pyDecoder, args Tuple) (any, *Error) {
	vs, ok := elements(args)
	if !ok {
		return nil, d.badCall("list")
	}
	if err := d.charge(itemCost * len(vs)); err != nil {
		return nil, err
	}
	return &List{slices.Clone(vs)}, nil
}

func makeByteArray(d *pyDecoder, args Tuple) (any, *Error) {
	if len(args) == 1 {
		if b, ok := args[0].([]byte); ok {
			if err := d.charge(len(b)); err != nil {
				return nil, err
			}
			return &ByteArray{append([]byte{}, b...)}, nil
		}
	}
	b, err := latin1(d, args, "bytearray")
	if err != nil {
		return nil, err
	}
	return &ByteArray{b}, nil
}

func makeBytes(d *pyDecoder, args Tuple) (any, *Error) {
	if len(args) > 0 {
		return nil, d.badCall("bytes")
	}
	return []byte{}, nil
}

func makeEncoded(d *pyDecoder, args Tuple) (any, *Error) {
	if len(args) == 0 {
		return nil, d.badCall("_codecs.encode")
	}
	b, err := latin1(d, args, "_codecs.encode")
	return b, err
}

// latin1 makes bytes of a str and the name of its encoding: protocols 0 to 2 know
// no bytes.
func latin1(d *pyDecoder, args Tuple, of string) ([]byte, *Error) {
	if len(args) == 0 {
		return []byte{}, nil
	}
	if len(args) != 2 {
		return nil, d.badCall(of)
	}
	s, ok := args[0].(string)
	if enc := args[1]; !ok || enc != "latin1" && enc != "latin-1" {
		return nil, d.badCall(of)
	}
	if err := d.charge(len(s)); err != nil {
		return nil, err
	}
	b := make([]byte, 0, utf8.RuneCountInString(s))
	for _, r := range s {
		if r > 0xff {
			return nil, d.badCall(of)
		}
		b = append(b, byte(r))
	}
	return b, nil
}

func makeComplex(d *pyDecoder, args Tuple) (any, *Error) {
	parts := [2]float64{}
	if len(args) > 2 {
		return nil, d.badCall("complex")
	}
	for i, v := range args {
		switch v := v.(type) {
		case float64:
			parts[i] = v
		case int:
			parts[i] = float64(v)
		default:
			return nil, d.badCall("complex")
		}
	}
	return complex(parts[0], parts[1]), nil
}

// makeOld makes an object as protocols 0 and 1 do.
func makeOld(d *pyDecoder, args Tuple) (any, *Error) {
	if len(args) == 3 && args[2] == nil && args[1] == (Global{"builtins", "object"}) {
		if class, ok := args[0].(Global); ok && listed(d.cfg.classes, class) {
			return &Object{Class: class, ByNew: true}, nil
		}
	}
	return nil, d.badCall("copyreg._reconstructor")
}

// makeRaised puts an exception and the text of its traceback together.
func makeRaised(d *pyDecoder, args Tuple) (any, *Error) {
	if len(args) == 2 {
		e, ok := args[0].(*Exception)
		text, also := args[1].(string)
		if ok && also {
			e.Traceback = text
			return e, nil
		}
	}
	return nil, d.badCall("rebuild_exc")
}

// old performs the instructions of protocols 0 and 1.
func (d *pyDecoder) old(op byte) *Error {
	switch op {
	case pyInt, pyLong, pyFloat, pyString, pyUnicode, pyGet, pyPut:
		line, err := d.line()
		if err != nil {
			return err
		}
		return d.word(op, line)
	case pyBinString, pyShortBinString:
		n := 4
		if op == pyShortBinString {
			n = 1
		}
		b, err := d.blob(n)
		if err != nil {
			return err
		}
		d.push(d.str2(b))
		return nil
	case pyPersID, pyBinPersID:
		return d.fail("A load persistent id instruction was encountered, but no persistent_load function was specified.",
			"the pickle refers to something outside of it by a persistent id")
	case pyExt1, pyExt2, pyExt4:
		return d.fail("unregistered extension code", "the pickle refers to a class by a number of copyreg's")
	}
	d.pos--
	show := fmt.Sprintf(`'\x%02x'`, op)
	if op >= ' ' && op <= '~' {
		show = "'" + string(rune(op)) + "'"
	}
	return d.fail("invalid load key, "+show+".", "the message is no pickle, or not one of CPython's")
}

// str2 is a str of Python 2, which was text and bytes in one.
func (d *pyDecoder) str2(b []byte) any {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return d.own(b)
		}
	}
	return string(b)
}

// line reads up to the next newline.
func (d *pyDecoder) line() (string, *Error) {
	i := slices.Index(d.data[d.pos:], '\n')
	if i < 0 {
		d.pos = len(d.data)
		return "", d.truncated()
	}
	b, err := d.take(i + 1)
	if err != nil {
		return "", err
	}
	return string(b[:i]), nil
}

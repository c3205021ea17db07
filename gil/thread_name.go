package gil

import (
	"reflect"
	"runtime"
	"strconv"
	"strings"
)

// nextName numbers threads as Python does. From 3.10 on the name of the function
// is part of it.
func (i *Interpreter) nextName(fn func(*Thread), target string, noTarget bool) string {
	i.lock()
	i.count++
	n := i.count
	i.unlock()
	name := "Thread-" + strconv.Itoa(n)
	if noTarget || !i.prof.has(qualifiedNames) {
		return name
	}
	if target == "" {
		target = nameOf(fn)
	}
	return name + " (" + target + ")"
}

// nameOf is the name of a thread's function.
func nameOf(fn func(*Thread)) string {
	f := runtime.FuncForPC(reflect.ValueOf(fn).Pointer())
	if f == nil {
		return "func"
	}
	name := f.Name()
	name = name[strings.LastIndexByte(name, '/')+1:]
	return name[strings.IndexByte(name, '.')+1:]
}

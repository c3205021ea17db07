// Package site finds the line of the user's program that led to an operation of this
// module: the innermost caller that is neither of the module, nor of Go's library, nor
// of the assertions that run on a thread.
package site

import (
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Caller is the program counter of the innermost caller outside this module's
// own packages: the line of the user's that led to an operation. It must be called
// on the stack of the thread that performs the operation.
func Caller() uintptr {
	var pcs [48]uintptr
	n := runtime.Callers(2, pcs[:])
	for i, pc := range pcs[:n] {
		frames := runtime.CallersFrames(pcs[i : i+1])
		for {
			f, more := frames.Next()
			if users(&f) {
				return pc
			}
			if !more {
				break
			}
		}
	}
	return 0
}

// standard is how the import paths of Go's own packages begin.
var standard = strings.Fields(`archive bufio bytes cmp compress container context crypto database debug embed encoding
	errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp
	runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe vendor weak`)

// Own reports whether a function is one of those that stand between the
// user's code and an operation.
func Own(function string) bool {
	if i := strings.IndexAny(function, "./"); i > 0 && slices.Contains(standard, function[:i]) {
		return true
	}
	rest, ok := strings.CutPrefix(function, "github.com/pygil/pygil/")
	if !ok {
		return strings.HasPrefix(function, "github.com/stretchr/testify/")
	}
	for _, p := range packages {
		if after, ok := strings.CutPrefix(rest, p); ok && (strings.HasPrefix(after, ".") || p == "internal") {
			return true
		}
	}
	return false
}

// packages are those of this module that stand between the user's code and an
// operation.
var packages = [...]string{
	"gil", "gil/threading", "gil/explore", "gil/giltest", "gil/asyncio", "gil/trace", "internal",
	"queue", "pool", "process", "pipe", "pipe/pickle",
}

// root is the folder of the module, as the compiler names it.
var root = func() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.ToSlash(filepath.Dir(filepath.Dir(filepath.Dir(file)))) + "/"
}()

// users reports whether a frame is the user's. The body of an iterator that has been
// inlined has the name of the user's function and a file of this module.
func users(f *runtime.Frame) bool {
	if f.Function == "" || Own(f.Function) {
		return false
	}
	rest, ok := strings.CutPrefix(f.File, root)
	if !ok || strings.HasSuffix(rest, "_test.go") {
		return true
	}
	folder := filepath.ToSlash(filepath.Dir(rest))
	return !slices.Contains(packages[:], folder) && !strings.HasPrefix(folder, "internal/")
}

// User finds the user's frame of a program counter that Caller returned.
func User(pc uintptr) (runtime.Frame, bool) {
	if pc == 0 {
		return runtime.Frame{}, false
	}
	frames := runtime.CallersFrames([]uintptr{pc})
	for {
		f, more := frames.Next()
		if users(&f) {
			return f, true
		}
		if !more {
			return f, f.Function != ""
		}
	}
}

// Line is a site as file:line, empty when it was not recorded.
func Line(pc uintptr) string {
	f, ok := User(pc)
	if !ok {
		return ""
	}
	return filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
}

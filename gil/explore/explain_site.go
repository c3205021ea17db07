package explore

import (
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// callSite is the program counter of the innermost caller outside this module's
// own packages: the line of the user's that led to an operation. It must be called
// on the stack of the thread that performs the operation.
func callSite() uintptr {
	var pcs [48]uintptr
	n := runtime.Callers(2, pcs[:])
	for i, pc := range pcs[:n] {
		frames := runtime.CallersFrames(pcs[i : i+1])
		for {
			f, more := frames.Next()
			if f.Function != "" && !ownFrame(f.Function) {
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

// ownFrame reports whether a function is one of those that stand between the
// user's code and an operation.
func ownFrame(function string) bool {
	if i := strings.IndexAny(function, "./"); i > 0 && slices.Contains(standard, function[:i]) {
		return true
	}
	rest, ok := strings.CutPrefix(function, "github.com/pygil/pygil/")
	if !ok {
		return strings.HasPrefix(function, "github.com/stretchr/testify/")
	}
	for _, prefix := range [...]string{
		"gil.", "gil/threading.", "gil/explore.", "gil/giltest.", "gil/asyncio.", "gil/trace.", "internal/",
		"queue.", "pool.", "process.", "pipe.", "pipe/pickle.",
	} {
		if strings.HasPrefix(rest, prefix) {
			return true
		}
	}
	return false
}

// userFrame finds the user's frame of a program counter that callSite returned.
func userFrame(pc uintptr) (runtime.Frame, bool) {
	if pc == 0 {
		return runtime.Frame{}, false
	}
	frames := runtime.CallersFrames([]uintptr{pc})
	for {
		f, more := frames.Next()
		if f.Function != "" && !ownFrame(f.Function) {
			return f, true
		}
		if !more {
			return f, f.Function != ""
		}
	}
}

// where is a site as file:line, empty when it was not recorded.
func where(pc uintptr) string {
	f, ok := userFrame(pc)
	if !ok {
		return ""
	}
	return filepath.Base(f.File) + ":" + strconv.Itoa(f.Line)
}

// innermost is the innermost frame of the user's in a stack as debug.Stack prints
// it, at the point of the panic: function, file and line.
func innermost(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	// What lies above the last call of panic is the recovery, not the program.
	from := 0
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") || strings.HasPrefix(l, "runtime.goexit") {
			from = i
			if strings.HasPrefix(l, "panic(") {
				break
			}
		}
	}
	for i := from; i+1 < len(lines); i++ {
		l := lines[i]
		if l == "" || l[0] == '\t' || strings.HasPrefix(l, "panic(") || strings.HasPrefix(l, "goroutine ") {
			continue
		}
		name, _, _ := strings.Cut(l, "(")
		if j := strings.LastIndex(l, "("); j > 0 {
			name = l[:j]
		}
		if ownFrame(name) {
			continue
		}
		file := strings.TrimSpace(lines[i+1])
		file, _, _ = strings.Cut(file, " +0x")
		return name + " " + filepath.Base(file)
	}
	return ""
}

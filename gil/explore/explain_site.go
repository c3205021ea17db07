package explore

import (
	"path/filepath"
	"strings"

	"github.com/pygil/pygil/internal/site"
)

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
		if site.Own(name) {
			continue
		}
		file := strings.TrimSpace(lines[i+1])
		file, _, _ = strings.Cut(file, " +0x")
		return name + " " + filepath.Base(file)
	}
	return ""
}

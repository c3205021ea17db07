package process_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

// LK-1: the moment at which a wait ends is one of the monotonic clock, which nobody can
// set; CPython's sem_timedwait waits for one of the wall clock.
func TestTimeoutsAreMonotonic(t *testing.T) {
	for _, d := range []time.Duration{-time.Hour, 0, time.Millisecond, time.Hour} {
		until := process.EndOf(t.Context(), d)
		require.NotEqual(t, until.Round(0), until, "%v: it has no reading of the monotonic clock", d)
	}
}

// wallClock is what takes the monotonic reading off a moment, makes moments without one,
// or asks the operating system for the wall clock's.
var wallClock = map[string]bool{
	"Round": true, "UTC": true, "Local": true, "In": true, "AddDate": true, "Date": true,
	"Unix": true, "UnixNano": true, "UnixMicro": true, "UnixMilli": true, "Parse": true,
	"ClockGettime": true, "Gettimeofday": true, "CLOCK_REALTIME": true, "FUTEX_CLOCK_REALTIME": true,
}

// moments is where moments are kept at all. None of these is in shared memory or in a
// message: what goes from one process to another is how long somebody waits, and a moment
// would lose its monotonic reading on the way.
var moments = map[string]bool{
	"limit.real":  true,
	"Quest.Until": true,
}

// LK-1: nowhere between a timeout and the kernel is the wall clock read, or a moment
// stripped of what it has of the monotonic clock, or written down for others.
func TestNoWallClock(t *testing.T) {
	var kept []string
	for _, folder := range []string{".", "../internal/futex", "../internal/shm", "../internal/blocking"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files, folder)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					require.False(t, wallClock[n.Sel.Name], "%s: %s reads the wall clock, or forgets the monotonic one", set.Position(n.Pos()), n.Sel.Name)
				case *ast.TypeSpec:
					s, ok := n.Type.(*ast.StructType)
					if !ok {
						return true
					}
					for _, field := range s.Fields.List {
						if x, ok := field.Type.(*ast.SelectorExpr); ok && x.Sel.Name == "Time" {
							for _, name := range field.Names {
								kept = append(kept, n.Name.Name+"."+name.Name)
							}
						}
					}
				}
				return true
			})
		}
	}
	slices.Sort(kept)
	require.Equal(t, slices.Sorted(maps.Keys(moments)), kept)
}

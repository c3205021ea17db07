package trace_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// here is the program counter of its caller.
func here() uintptr {
	pc, _, _, _ := runtime.Caller(0)
	return pc + 1
}

// source is a file of the package.
func source(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(b)
}

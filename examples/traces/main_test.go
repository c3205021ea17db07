package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/gil/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPicturesAreCurrent: what the README shows is what the program draws today.
func TestPicturesAreCurrent(t *testing.T) {
	files, _, err := draw()
	require.NoError(t, err)
	require.Len(t, files, 2)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err, "go run ./examples/traces examples/traces/testdata")
		got = bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))
		require.True(t, bytes.Equal(want, got), "%s has changed: go run ./examples/traces examples/traces/testdata", name)
		require.Less(t, len(got), 200_000)
	}
	require.NoError(t, trace.CheckChrome(bytes.NewReader(files["convoy.json"])))
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, write(dir))
	for _, name := range []string{"gils.svg", "convoy.json"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	require.Error(t, write(filepath.Join(dir, "nowhere")))
}

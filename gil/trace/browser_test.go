package trace_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// findChromium finds a browser, or skips the test.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium is installed")
	return ""
}

// browse runs a browser without a window and returns what it writes.
func browse(t *testing.T, chromium string, args ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "trace-browser")
	require.NoError(t, err)
	defer os.RemoveAll(dir) // not t.TempDir: the browser may still write into its profile
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, append([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
		"--force-device-scale-factor=1", "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-crash-reporter",
		"--user-data-dir=" + filepath.Join(dir, "profile"),
	}, args...)...)
	cmd.WaitDelay = 5 * time.Second
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	require.NoError(t, cmd.Run(), "%s", &said)
	return out.String()
}

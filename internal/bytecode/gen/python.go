package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"github.com/pygil/pygil/internal/bytecode"
)

//go:embed listing.py
var listingScript string

const askVersion = "import platform, sys; print('%s %d.%d' % ((platform.python_implementation(),) + tuple(sys.version_info[:2])))"

// findPython returns the command of an installed Python of that version: pythonX.Y from the
// PATH, or the newest X.Y.Z that pyenv has. It returns "" when there is none that runs.
func findPython(v bytecode.Version) string {
	candidates := []string{"python" + v.String()}
	root := os.Getenv("PYENV_ROOT")
	if home, err := os.UserHomeDir(); root == "" && err == nil {
		root = filepath.Join(home, ".pyenv")
	}
	installed, _ := filepath.Glob(filepath.Join(root, "versions", v.String()+".*", "bin", "python"))
	sort.Sort(sort.Reverse(sort.StringSlice(installed)))
	for _, python := range append(candidates, installed...) {
		// A pyenv shim is on the PATH also when its version is not selected: it must run.
		out, err := exec.Command(python, "-c", askVersion).Output()
		if err == nil && string(bytes.TrimSpace(out)) == "CPython "+v.String() {
			return python
		}
	}
	return ""
}

// runListing lets a Python print its listing.
func runListing(python string) (string, error) {
	cmd := exec.Command(python, "-")
	cmd.Stdin = strings.NewReader(listingScript)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", python, err, stderr.Bytes())
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n"), nil
}

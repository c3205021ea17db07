package giltest

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/pygil/pygil/gil/explore"
)

// savedFailure is a failing interleaving of an earlier run.
type savedFailure struct {
	file     string
	schedule explore.Schedule
}

// folder is where the failures of a test are saved, below the package's folder, in
// which go test runs.
func folder(tb TB) string {
	return filepath.Join("testdata", "giltest", filepath.Join(clean(tb.Name())...))
}

// clean turns a test's name into path elements that every file system takes. Two
// names that differ in nothing else get different elements.
func clean(name string) []string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = element(p)
	}
	return parts
}

func element(p string) string {
	const longest = 100
	changed := false
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-', r == '=', r == '+', r == '#':
			return r
		}
		changed = true
		return '_'
	}, p)
	if len(out) > longest {
		out, changed = out[:longest], true
	}
	if changed || out == "" || device.MatchString(out) {
		out += "~" + digest(p)
	}
	return out
}

// device are the names that Windows has for devices, in every folder.
var device = regexp.MustCompile(`^(?i:con|prn|aux|nul|(com|lpt)[0-9])$`)

func digest(text string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	return fmt.Sprintf("%08x", h.Sum32())
}

// saved reads the failures of earlier runs, in the order of their file names. A file
// that is no schedule is reported and passed over.
func saved(tb TB) []savedFailure {
	tb.Helper()
	dir := folder(tb)
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		tb.Logf("giltest: saved failures cannot be read: %v", err)
	}
	var out []savedFailure
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		file := filepath.Join(dir, e.Name())
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Logf("giltest: %v", err)
			continue
		}
		s, err := explore.ParseSchedule(firstLine(string(data)))
		if err != nil {
			tb.Logf("giltest: %s is passed over, delete it: %v", file, err)
			continue
		}
		out = append(out, savedFailure{file, s})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].file < out[j].file })
	return out
}

// firstLine is the first line that is neither empty nor a comment.
func firstLine(text string) string {
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			return l
		}
	}
	return ""
}

// suffix ends the names of the files.
const suffix = ".schedule"

// save writes a failure down. The file is complete or not there, whatever happens.
func save(tb TB, f *explore.Failure) (file string, err error) {
	if f.Kind == explore.Nondeterminism || f.Kind == explore.Stuck {
		return "", fmt.Errorf("a failure of kind %v cannot be met again by its schedule", f.Kind)
	}
	dir := folder(tb)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	text := f.Schedule.String()
	file = filepath.Join(dir, digest(text)+suffix)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s failed in this interleaving. Keep the file: it is tried first from now on.\n%s\n\n", tb.Name(), text)
	for l := range strings.Lines(f.Report()) {
		b.WriteString(strings.TrimRight("# "+strings.TrimRight(l, "\n"), " ") + "\n")
	}
	tmp, err := os.CreateTemp(dir, "new-*")
	if err != nil {
		return "", err
	}
	_, err = tmp.WriteString(b.String())
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error says why
		return "", err
	}
	return file, nil
}

package threading_test

import (
	"bytes"
	_ "embed"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

//go:embed testdata/misuse.py
var misuseScript string

// elsewhere calls use while another thread holds l.
func elsewhere(t *gil.Thread, l threading.Locker, use func()) {
	var begun, done threading.Event
	holder := t.Go("holder", func(t *gil.Thread) {
		l.Acquire(t)
		begun.Set(t)
		done.Wait(t)
		l.Release(t)
	})
	begun.Wait(t)
	defer func() {
		done.Set(t)
		holder.Join(t)
	}()
	use()
}

// misuses are the counterparts of testdata/misuse.py. A function that returns an
// error returns the misuse, the others panic with it.
var misuses = map[string]func(t *gil.Thread) error{
	"lock release":  func(t *gil.Thread) error { new(threading.Lock).Release(t); return nil },
	"lock timeout":  func(t *gil.Thread) error { new(threading.Lock).AcquireTimeout(t, -2*time.Second); return nil },
	"rlock release": func(t *gil.Thread) error { new(threading.RLock).Release(t); return nil },
	"rlock release other": func(t *gil.Thread) error {
		var l threading.RLock
		elsewhere(t, &l, func() { l.Release(t) })
		return nil
	},
	"rlock timeout":     func(t *gil.Thread) error { new(threading.RLock).AcquireTimeout(t, -2*time.Second); return nil },
	"condition release": func(t *gil.Thread) error { new(threading.Condition).Release(t); return nil },
	"condition wait":    func(t *gil.Thread) error { new(threading.Condition).Wait(t); return nil },
	"condition wait other": func(t *gil.Thread) error {
		var c threading.Condition
		elsewhere(t, &c, func() { c.Wait(t) })
		return nil
	},
	"condition notify": func(t *gil.Thread) error { new(threading.Condition).Notify(t, 1); return nil },
	"condition notify other": func(t *gil.Thread) error {
		var c threading.Condition
		elsewhere(t, &c, func() { c.Notify(t, 1) })
		return nil
	},
	"condition notify all": func(t *gil.Thread) error { new(threading.Condition).NotifyAll(t); return nil },
	"condition notify negative": func(t *gil.Thread) error {
		var c threading.Condition
		c.With(t, func() { c.Notify(t, -1) })
		return nil
	},
	"semaphore initial":         func(*gil.Thread) error { threading.NewSemaphore(-1); return nil },
	"semaphore release none":    func(t *gil.Thread) error { new(threading.Semaphore).ReleaseN(t, 0); return nil },
	"bounded semaphore initial": func(*gil.Thread) error { threading.NewBoundedSemaphore(-1); return nil },
	"bounded semaphore release": func(t *gil.Thread) error { new(threading.BoundedSemaphore).Release(t); return nil },
	"bounded semaphore release many": func(t *gil.Thread) error {
		threading.NewBoundedSemaphore(3).ReleaseN(t, 2)
		return nil
	},
	"barrier parties": func(t *gil.Thread) error {
		_, err := new(threading.Barrier).Wait(t)
		return err
	},
	"barrier broken": func(t *gil.Thread) error {
		b := threading.NewBarrier(2, nil)
		b.Abort(t)
		_, err := b.Wait(t)
		return err
	},
	"timer start": func(t *gil.Thread) error {
		m := threading.NewTimer(0, func(*gil.Thread) {})
		m.Start(t)
		m.Join(t)
		m.Start(t)
		return nil
	},
	"timer join": func(t *gil.Thread) error { threading.NewTimer(0, func(*gil.Thread) {}).Join(t); return nil },
}

// answer is what a misuse is answered with: Python's exception and text.
func answer(t *gil.Thread, misuse func(t *gil.Thread) error) (exception, text string) {
	err := func() (err error) {
		defer func() {
			if v := recover(); v != nil {
				err = v.(error)
			}
		}()
		return misuse(t)
	}()
	if err == nil {
		return "none", ""
	}
	require.Regexp(t, "^threading: ", err.Error())
	require.NotContains(t, err.Error(), "\n")
	var runtime *gil.RuntimeError
	var value *gil.ValueError
	var broken *threading.BrokenBarrierError
	switch {
	case errors.As(err, &runtime):
		return "RuntimeError", runtime.PythonText()
	case errors.As(err, &value):
		return "ValueError", value.PythonText()
	case errors.As(err, &broken):
		return "BrokenBarrierError", broken.PythonText()
	}
	require.Fail(t, "untyped", "%v", err)
	return "", ""
}

// TestMisuse compares the answer to every misuse with what CPython answers: with
// what is stored in testdata/misuse, and that with the Pythons on this machine.
func TestMisuse(t *testing.T) {
	files, err := filepath.Glob("testdata/misuse/*.txt")
	require.NoError(t, err)
	require.Len(t, files, 10)
	asked := map[string]bool{}
	for _, file := range files {
		version := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(version, func(t *testing.T) {
			p, err := gil.LookupProfile(version)
			require.NoError(t, err)
			stored, err := os.ReadFile(file)
			require.NoError(t, err)
			header, lines, _ := strings.Cut(string(stored), "\n")
			if python := findPython(version); python != "" {
				// Another patch release may have other words.
				if printed := runPython(t, python, misuseScript); strings.HasPrefix(printed, header+"\n") {
					require.Equal(t, printed, string(stored), "what %s prints is not what is stored", python)
				}
			}
			for line := range strings.Lines(lines) {
				part := strings.SplitN(strings.TrimRight(line, "\n"), "|", 3)
				require.Len(t, part, 3, line)
				name, exception, text := strings.TrimSpace(part[0]), strings.TrimSpace(part[1]), strings.TrimSpace(part[2])
				misuse := misuses[name]
				require.NotNil(t, misuse, name)
				asked[name] = true
				switch {
				case exception == "error": // 2.7's thread.error
					exception = "RuntimeError"
				case name == "barrier parties" && exception == "none":
					// Up to 3.12 nobody ever passes such a barrier; here it is refused.
					exception, text = "ValueError", "parties must be >= 1"
				}
				timed(t, p, func(t *gil.Thread) {
					gotException, gotText := answer(t, misuse)
					require.Equal(t, exception, gotException, name)
					require.Equal(t, text, gotText, name)
				})
			}
		})
	}
	for name := range misuses {
		require.True(t, asked[name], "no Python was asked %q", name)
	}
}

// TestMisuseEverywhere has every misuse answered in the live world and in explored
// runs as in the timed one, and leave nothing behind.
func TestMisuseEverywhere(t *testing.T) {
	for _, p := range profiles {
		for name, misuse := range misuses {
			var want [2]string
			timed(t, p, func(t *gil.Thread) { want[0], want[1] = answer(t, misuse) })
			main := func(t *gil.Thread) {
				exception, text := answer(t, misuse)
				require.Equal(t, want, [2]string{exception, text}, name)
			}
			require.NoError(t, gil.Live().Run(p, main))
			explore(t, p, 10, main)
		}
	}
}

// pythons are the commands that findPython found, by version.
var pythons sync.Map

// findPython returns the command of an installed CPython X.Y, "" when there is
// none.
func findPython(version string) string {
	if python, ok := pythons.Load(version); ok {
		return python.(string)
	}
	root := os.Getenv("PYENV_ROOT")
	if home, err := os.UserHomeDir(); root == "" && err == nil {
		root = filepath.Join(home, ".pyenv")
	}
	candidates, _ := filepath.Glob(filepath.Join(root, "versions", version+".*", "bin", "python"))
	found := ""
	for _, python := range append(candidates, "python"+version) {
		out, err := exec.Command(python, "-c", "import platform, sys; print('%s %d.%d' % ((platform.python_implementation(),) + tuple(sys.version_info[:2])))").Output()
		if err == nil && string(bytes.TrimSpace(out)) == "CPython "+version {
			found = python
			break
		}
	}
	pythons.Store(version, found)
	return found
}

// runPython returns what a script prints.
func runPython(t testing.TB, python, script string) string {
	t.Helper()
	cmd := exec.Command(python, "-")
	cmd.Stdin = strings.NewReader(script)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", stderr.Bytes())
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

package gil_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

var updateThreads = flag.Bool("update-threads", false, "write testdata/threads anew, with the Pythons found")

// threadScript makes Python do what threadAnswers does: one thing to a line, with
// the exception or the result.
const threadScript = `
from __future__ import print_function
import platform, re, sys, threading, time
print('# CPython ' + platform.python_version())
def say(name, f):
    try: answer = 'none', f()
    except Exception as e: answer = type(e).__name__, e
    print(' | '.join([name, answer[0], re.sub('[0-9]{4,}', 'N', str(answer[1]))]))
    sys.stdout.flush()
def work(): pass
go = threading.Event()
def stay(): go.wait()
def create(**kw):
    daemon = kw.pop('daemon', None)
    t = threading.Thread(**kw)
    if daemon is not None: t.daemon = daemon
    return t
main = threading.current_thread()
unstarted = create(target=work)
say('name 1', lambda: unstarted.name)
say('name explicit', lambda: create(target=work, name='explicit').name)
say('name empty', lambda: create(target=work, name='').name)
say('join unstarted', lambda: unstarted.join())
say('join unstarted timeout', lambda: unstarted.join(0))
say('join self', lambda: main.join())
say('alive unstarted', lambda: unstarted.is_alive())
say('repr unstarted', lambda: repr(create(target=work, name='t')))
say('repr daemon', lambda: repr(create(target=work, name='t', daemon=True)))
alive = create(target=stay, name='alive'); alive.start()
say('start alive', lambda: alive.start())
say('alive alive', lambda: alive.is_alive())
say('join alive', lambda: alive.join(-1))
say('repr alive', lambda: repr(alive))
say('count', lambda: threading.active_count())
go.set(); alive.join()
say('start ended', lambda: alive.start())
say('join ended', lambda: alive.join())
say('join ended negative', lambda: alive.join(-5))
say('alive ended', lambda: alive.is_alive())
say('repr ended', lambda: repr(alive))
flags = []
def inherit(): flags.extend([create(target=work).daemon, create(target=work, daemon=False).daemon])
d = create(target=inherit, daemon=True); d.start(); d.join()
say('inherited', lambda: ' '.join(map(str, flags)))
say('main', lambda: main.name)
if hasattr(sys, 'setswitchinterval'):
    say('switch default', lambda: sys.getswitchinterval())
    say('switch zero', lambda: sys.setswitchinterval(0))
    say('switch negative', lambda: sys.setswitchinterval(-1))
    sys.setswitchinterval(1.9e-6)
    say('switch cut', lambda: sys.getswitchinterval())
    sys.setswitchinterval(0.005)
    say('sleep negative', lambda: time.sleep(-1))
def late():
    main.join()
    say('main ended', lambda: main.is_alive())
    t = create(target=work, name='late')
    say('late', lambda: (t.start(), t.join())[1])
create(target=late, name='worker').start()
`

// threadAnswers is the program of threadScript.
func threadAnswers(m *gil.Thread, say func(name string, f func() any)) {
	none := func(f func()) func() any {
		return func() any { f(); return nil }
	}
	var stay gil.Gate
	stay.Init(m, 0, "stay")
	unstarted := m.NewThread("", work)
	say("name 1", func() any { return unstarted.Name() })
	say("name explicit", func() any { return m.NewThread("explicit", work).Name() })
	say("name empty", func() any { return m.NewThread("", work).Name() })
	say("join unstarted", none(func() { unstarted.Join(m) }))
	say("join unstarted timeout", none(func() { unstarted.JoinTimeout(m, 0) }))
	say("join self", none(func() { m.Join(m) }))
	say("alive unstarted", func() any { return unstarted.IsAlive(m) })
	say("repr unstarted", func() any { return m.NewThread("t", work).String() })
	say("repr daemon", func() any { return m.NewThread("t", work, gil.WithDaemon(true)).String() })
	alive := m.Go("alive", func(w *gil.Thread) { stay.Pass(w, gil.OpWait, gil.Forever) })
	say("start alive", none(func() { alive.Start(m) }))
	say("alive alive", func() any { return alive.IsAlive(m) })
	say("join alive", none(func() { alive.JoinTimeout(m, -1) }))
	say("repr alive", func() any { return alive.String() })
	say("count", func() any { return m.Interpreter().ActiveCount(m) })
	stay.Open(m, gil.OpSet, gil.All)
	alive.Join(m)
	say("start ended", none(func() { alive.Start(m) }))
	say("join ended", none(func() { alive.Join(m) }))
	say("join ended negative", none(func() { alive.JoinTimeout(m, -5) }))
	say("alive ended", func() any { return alive.IsAlive(m) })
	say("repr ended", func() any { return alive.String() })
	var flags [2]bool
	d := m.Go("", func(d *gil.Thread) {
		flags = [2]bool{d.NewThread("", work).Daemon(), d.NewThread("", work, gil.WithDaemon(false)).Daemon()}
	}, gil.WithDaemon(true))
	d.Join(m)
	say("inherited", func() any { return gil.Str(flags[0]) + " " + gil.Str(flags[1]) })
	say("main", func() any { return m.Name() })
	if m.Interpreter().GIL().Interval() > 0 {
		i := m.Interpreter()
		set := func(d time.Duration) func() any {
			return none(func() {
				if err := i.SetSwitchInterval(d); err != nil {
					panic(err)
				}
			})
		}
		say("switch default", func() any { return i.SwitchInterval().Seconds() })
		say("switch zero", set(0))
		say("switch negative", set(-time.Second))
		set(1900 * time.Nanosecond)()
		say("switch cut", func() any { return i.SwitchInterval().Seconds() })
		set(5 * time.Millisecond)()
		say("sleep negative", none(func() { m.Sleep(-time.Second) }))
	}
	m.Go("worker", func(w *gil.Thread) {
		m.Join(w)
		say("main ended", func() any { return m.IsAlive(w) })
		late := w.NewThread("late", work)
		say("late", none(func() { late.Start(w); late.Join(w) }))
	})
}

var identInRepr = regexp.MustCompile(`\d+\)>`)

// ourAnswers runs threadAnswers and prints what threadScript would.
func ourAnswers(t *testing.T, w gil.World, p gil.Profile) string {
	var out strings.Builder
	require.NoError(t, w.Run(p, func(m *gil.Thread) {
		threadAnswers(m, func(name string, f func() any) {
			exception, text := "none", ""
			switch v := panicked(func() { text = gil.Str(f()) }).(type) {
			case nil:
			case *gil.RuntimeError:
				exception, text = "RuntimeError", v.PythonText()
			case *gil.ValueError:
				exception, text = "ValueError", v.PythonText()
			default:
				panic(v)
			}
			fmt.Fprintf(&out, "%s | %s | %s\n", name, exception, identInRepr.ReplaceAllString(text, "N)>"))
		})
	}))
	return out.String()
}

// TestThreadsAsInPython compares names, flags, reprs and the answers to misuse with
// what CPython answers: with what is stored, and that with the Pythons found here.
func TestThreadsAsInPython(t *testing.T) {
	for _, version := range []string{"2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"} {
		t.Run(version, func(t *testing.T) {
			file := filepath.Join("testdata", "threads", version+".txt")
			python := threadPython(version)
			if *updateThreads && python != "" {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, []byte(runThreadScript(t, python)), 0o644))
			}
			stored, err := os.ReadFile(file)
			require.NoError(t, err)
			header, want, _ := strings.Cut(string(stored), "\n")
			if python != "" {
				// Another patch release may have other words.
				if printed := runThreadScript(t, python); strings.HasPrefix(printed, header+"\n") {
					require.Equal(t, printed, string(stored), "what %s prints is not what is stored", python)
				}
			}
			p, err := gil.LookupProfile(version)
			require.NoError(t, err)
			for name, w := range worlds() {
				if name != "explored" { // has no GIL whose interval could be set
					require.Equal(t, want, ourAnswers(t, w, p), name)
				}
			}
		})
	}
}

// threadPython returns the command of an installed CPython X.Y, "" when there is
// none.
func threadPython(version string) string {
	root := os.Getenv("PYENV_ROOT")
	if home, err := os.UserHomeDir(); root == "" && err == nil {
		root = filepath.Join(home, ".pyenv")
	}
	candidates, _ := filepath.Glob(filepath.Join(root, "versions", version+".*", "bin", "python"))
	for _, python := range append([]string{"python" + version}, candidates...) {
		out, err := exec.Command(python, "-c", "import platform, sys; print('%s %d.%d' % ((platform.python_implementation(),) + tuple(sys.version_info[:2])))").Output()
		if err == nil && string(bytes.TrimSpace(out)) == "CPython "+version {
			return python
		}
	}
	return ""
}

func runThreadScript(t *testing.T, python string) string {
	t.Helper()
	cmd := exec.Command(python, "-")
	cmd.Stdin = strings.NewReader(threadScript)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", stderr.Bytes())
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

//go:build linux || darwin

package process_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

// roleKey names the program that this binary is when a test starts it by os/exec:
// a program with a main of its own, which in turn has children. They find the
// same way through TestMain.
const roleKey = "PROCESS_TEST_ROLE"

func role() string { return os.Getenv(roleKey) }

// roles are filled in by the tests' files.
var roles = map[string]func(){}

// playRole plays the role that this process was started for.
func playRole() bool {
	play, ok := roles[role()]
	if ok {
		play()
	}
	return ok
}

// played notes the roles that tests asked for.
var played sync.Map

// idle is an error when no test has asked for a role: it can go.
func idle() error {
	for name := range roles {
		if _, ok := played.Load(name); !ok && process.FullRun() {
			return fmt.Errorf("no test played the role %q", name)
		}
	}
	return nil
}

// elsewhere are functions that no test starts by itself: roles do, or other
// children, or benchmarks.
var elsewhere []string

// A program is one of the roles, running.
type program struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// prepare makes the command that plays a role.
func prepare(t testing.TB, name string, env ...string) *program {
	t.Helper()
	require.Contains(t, roles, name)
	played.Store(name, true)
	exe, err := os.Executable()
	require.NoError(t, err)
	p := &program{Cmd: exec.Command(exe)}
	p.Env = append(append(os.Environ(), roleKey+"="+name), env...)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// play runs a role to its end and returns its exit code, as Python would say it.
func play(t testing.TB, name string, env ...string) (p *program, code int) {
	t.Helper()
	p = prepare(t, name, env...)
	_ = p.Run()
	return p, exitCode(p.ProcessState)
}

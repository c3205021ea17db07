//go:build linux || darwin

package process_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
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

// benchOnly are functions that only benchmarks start.
var benchOnly []string

// A program is one of the roles, running.
type program struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// prepare makes the command that plays a role.
func prepare(t testing.TB, name string, env ...string) *program {
	t.Helper()
	require.Contains(t, roles, name)
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

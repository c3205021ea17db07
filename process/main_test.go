package process_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/process"
)

func TestMain(m *testing.M) {
	// Under nohup, or in the background of a shell, a signal is ignored, and children
	// inherit that, Python's too. What is handled here has its default there.
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	if playRole() {
		return
	}
	process.TestMain(m, process.WithStrict(elsewhere...), process.WithCheck(idle), process.WithCheck(func() error { return goleak.Find() }))
}

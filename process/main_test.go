package process_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/process"
)

func TestMain(m *testing.M) {
	if playRole() {
		return
	}
	process.TestMain(m, process.WithStrict(elsewhere...), process.WithCheck(idle), process.WithCheck(func() error { return goleak.Find() }))
}

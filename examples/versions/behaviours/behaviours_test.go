package behaviours_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/versions/behaviours"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each version answers as it should.
func TestCells(t *testing.T) {
	for _, r := range behaviours.Table() {
		if raceDetector && !quick[r.Name] {
			continue
		}
		for i, p := range behaviours.Columns() {
			assert.Equal(t, r.Cells[i], r.Answer(p), "%s under %v: %s", r.Name, p, r.Asks)
		}
	}
}

// quick are the rows that take little time, for the race detector.
var quick = map[string]bool{
	"switchinterval": true, "acquire-free": true, "event-clear": true, "late-start": true, "name": true, "sub-daemon": true, "sub-fork": true,
}

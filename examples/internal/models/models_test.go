package models_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Two tasks, the first one longer: 30 ms of computing and 10 ms of waiting, and a
// third of that.
var tasks = []preset.Task{{Rounds: 3, Hold: 30 * time.Millisecond, Wait: 10 * time.Millisecond}, {Rounds: 1, Hold: 30 * time.Millisecond, Wait: 10 * time.Millisecond}}

// Each way does all tasks, says so in its order, and takes its time.
func TestModels(t *testing.T) {
	for _, c := range []struct {
		name      string
		do        models.Model
		order     string
		took      time.Duration
		par, most int
	}{
		{"serial", models.Serial, "+0 -0 +1 -1", 160 * time.Millisecond, 1, 1},
		{"threads", models.Threads, "+0 +1 -1 -0", 145 * time.Millisecond, 1, 2},
		{"processes", models.Processes, "+0 +1 -1 -0", 120 * time.Millisecond, 2, 2},
		{"coroutines", models.Coroutines, "+0 +1 -1 -0", 140 * time.Millisecond, 1, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			order := ""
			var begun models.Counter
			a := cli.New(io.Discard).Run(func(t *gil.Thread) {
				c.do(t, tasks, func(i int, ended bool) {
					begun.On(i, ended)
					sign := "+"
					if ended {
						sign = "-"
					}
					order += fmt.Sprint(" ", sign, i)
				})
			}, gil.WithStartCost(0))
			assert.Equal(t, " "+c.order, order)
			assert.Equal(t, c.took, a.Took)
			assert.Equal(t, c.par, a.Par)
			assert.Equal(t, c.most, begun.Most())

			alone := cli.New(io.Discard).Run(c.do.Of(tasks), gil.WithStartCost(0))
			assert.Equal(t, c.took, alone.Took, "Of is the same program")
		})
	}
}

package pool_test

import (
	"log/slog"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/queue"
)

// Every figure of a pool, and of a queue, is in the log.
func TestStatsLogValue(t *testing.T) {
	for _, s := range []slog.LogValuer{&pool.Stats{}, &queue.Stats{}} {
		v := reflect.ValueOf(s).Elem()
		sum := 0
		for i := range v.NumField() {
			v.Field(i).SetInt(1 << i)
			sum += 1 << i
		}
		logged := 0
		for _, a := range s.LogValue().Group() {
			logged += int(a.Value.Int64())
		}
		assert.Equal(t, sum, logged, "%T", s)
	}
}

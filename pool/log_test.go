package pool_test

import (
	"log/slog"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/pool"
)

// Every figure is in the log.
func TestStatsLogValue(t *testing.T) {
	var s pool.Stats
	v := reflect.ValueOf(&s).Elem()
	sum := 0
	for i := range v.NumField() {
		v.Field(i).SetInt(1 << i)
		sum += 1 << i
	}
	var valuer slog.LogValuer = s
	logged := 0
	for _, a := range valuer.LogValue().Group() {
		logged += int(a.Value.Int64())
	}
	assert.Equal(t, sum, logged)
}

package timing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/examples/versions/timing"
	"github.com/pygil/pygil/gil"
)

// With an interval of 1 µs most switches are over before anybody who only looks at the
// clock notices: 1 937 to 3 463 a second were seen of some forty thousand, with a median
// of 24 to 34 µs between them and one slice in ten that seemed to last for 0.3 to 1 ms.
// A Machine seen in this way shows the same. With longer intervals all are seen.
func TestGaps(t *testing.T) {
	seen := func(interval time.Duration) (rate float64, all []time.Duration) {
		return timing.Seen(gil.CPython312.WithSwitchInterval(interval), 2, 0, 400*time.Millisecond)
	}
	micro, slices1 := seen(time.Microsecond)
	milli, slices1000 := seen(time.Millisecond)
	assert.True(t, 1937*0.8 < micro && micro < 3463*1.2, "%v", micro)
	assert.InDelta(t, 28*time.Microsecond, slices1[len(slices1)/2], float64(9*time.Microsecond))
	assert.InDelta(t, 650*time.Microsecond, slices1[len(slices1)*9/10], float64(350*time.Microsecond))
	assert.InDelta(t, 1000, milli, 200)
	assert.InDelta(t, 1040*time.Microsecond, slices1000[len(slices1000)/2], float64(100*time.Microsecond))
}

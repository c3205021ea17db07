package yardstick

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPart: a computer that is twice as slow may take twice as long.
func TestPart(t *testing.T) {
	require.InDelta(t, 0.5, part(1500*time.Microsecond, 1000, 1500*time.Nanosecond, 2), 1e-9)
	require.InDelta(t, 3, part(9*time.Second, 3, time.Second, 1), 1e-9)
	require.Positive(t, Slowness())
	require.Positive(t, Part(time.Second, 1, time.Second))
}

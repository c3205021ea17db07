//go:build unix && !linux

package shm_test

import (
	"testing"
	"time"
)

// waitUntilEnded gives a child that was killed time to end.
func waitUntilEnded(*testing.T, int) { time.Sleep(time.Second) }

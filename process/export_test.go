package process

import (
	"context"
	"time"

	"github.com/pygil/pygil/gil"
)

// SetPatience changes how long a daemon may take to end after SIGTERM.
func SetPatience(d time.Duration) { patience = d }

// SetManagerPatience changes how long a manager may take to end by itself.
func SetManagerPatience(d time.Duration) { managerPatience = d }

// FullRun reports whether all tests ran.
var FullRun = fullRun

// Profile reads what an option wrote down.
func Profile(o Option) (gil.Profile, error) {
	c, err := configure(atMain, []Option{o})
	if err != nil {
		return gil.Profile{}, err
	}
	return parseProfile(c.profile)
}

// Fingerprint is the hash of the registry.
var Fingerprint = fingerprint

// EndOf is the moment at which a wait of d that begins now ends, in the live world.
func EndOf(ctx context.Context, d time.Duration) time.Time { return within(ctx, d).real }

package process

import "time"

// SetPatience changes how long a daemon may take to end after SIGTERM.
func SetPatience(d time.Duration) { patience = d }

// FullRun reports whether all tests ran.
var FullRun = fullRun

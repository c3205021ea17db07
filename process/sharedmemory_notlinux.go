//go:build unix && !linux

package process

import "os"

// blockDir is where blocks have their names where names of shm_open(3) are no
// files. Python's are not found there.
var blockDir = os.TempDir()

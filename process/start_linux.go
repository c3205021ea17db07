package process

import "os"

// executable is this very program, also when its file was replaced or removed
// since: a child must not be another program.
func executable() (string, error) {
	const self = "/proc/self/exe"
	if _, err := os.Lstat(self); err != nil {
		return os.Executable() // no /proc
	}
	return self, nil
}

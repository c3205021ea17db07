package process

import (
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tidy closes descriptors above last that this process inherited from outside the
// parent's list: what somebody further up opened without close-on-exec. Whatever
// this process has opened itself closes on exec, and is told by that.
func tidy(last int) {
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, entry := range dir {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd <= last {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd)
		}
	}
	rename()
}

// rename gives the process the program's name in ps and top, which is "exe" after
// the way it was started.
func rename() {
	name := append([]byte(filepath.Base(os.Args[0])), 0)
	_ = unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
}

// Package shm makes memory that several processes share, has no name, and tells
// which of the processes that use it are alive.
//
// A [Segment] is a memfd on Linux. It exists as long as somebody has a descriptor
// or a mapping of it: nothing is left behind, however its users end. Its size is
// sealed, so that no other process can take away memory that is in use.
//
// # Who is alive
//
// A process that may leave something behind in a segment, such as a lock that it
// holds, calls [Segment.Claim] and gets a number, which it writes where others
// will ask who that was. The number is drawn from a counter in the segment and is
// never used again. [Segment.Alive] says whether the process with a number still
// exists. Neither answer can be wrong in the bad direction: a process that could
// still write to the segment is alive.
//
// A claim is a lock on one byte of the segment's file, far behind its end: the
// byte with the claim's number. The lock belongs to the open file description
// (F_OFD_SETLK), which every process opens for itself, through /proc/self/fd, and
// passes on to nobody: what travels to another process is opened freshly too. The
// kernel drops the lock when the last thread of the process has ended, and asking
// (F_OFD_GETLK) is one system call.
//
// The alternatives are worse. A process id is used again, needs a start time
// beside it, which a 32-bit owner word has no room for; the start time is read
// from /proc and means nothing in another pid namespace, where the living would be
// taken for dead; and a zombie still has one. A pidfd must be sent to everybody
// who might ask. A robust list (set_robust_list) belongs to a thread, and
// goroutines have none; what is held would have to be linked into one list per
// process under one mutex, in the middle of each acquire. A classic record lock
// (F_SETLK) is lost when the process closes any descriptor of the same file, such
// as one that came in a message.
//
// # Elsewhere than on Linux
//
// On other Unixes, and on Linux with the build tag portable, a segment is a
// temporary file without a name. There, a claim is an entry of a table in the
// segment, with the process id and the start time. On Windows everything returns
// an error that matches errors.ErrUnsupported.
package shm

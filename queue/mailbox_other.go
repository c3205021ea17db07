//go:build !linux

package queue

// A mailbox would hold the descriptors of live objects in items: elsewhere than on
// Linux one cannot look at what a socket brings without taking it, and so a death could
// lose them.
type mailbox struct{}

const mostHandles = 0

func newMailbox() (*mailbox, error)          { return nil, nil }
func openMailbox(_, _ any) (*mailbox, error) { return nil, nil }
func (*mailbox) files() ([]any, error)       { return nil, nil }
func (*mailbox) close()                      {}
func (*mailbox) post(uint64, []any) bool     { return false }
func (*mailbox) look(uint64) []any           { return nil }
func (*mailbox) drop() bool                  { return false }

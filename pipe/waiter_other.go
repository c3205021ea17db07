//go:build !linux

package pipe

import "context"

// A poller is what only Linux has.
type poller struct{}

func newPoller() (*poller, error) { return nil, nil }

func (*poller) add(*member) error          { return nil }
func (*poller) again(*member)              {}
func (*poller) remove(*member)             {}
func (*poller) ready() []int64             { return nil }
func (*poller) wake()                      {}
func (*poller) park(context.Context) error { return nil }
func (*poller) close()                     {}

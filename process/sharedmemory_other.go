//go:build !unix

package process

import "errors"

type block struct{}

func attach(string, int, bool) (*block, []byte, error) { return nil, nil, errors.ErrUnsupported }
func (*block) detach([]byte) error                     { return nil }
func (*block) disown()                                 {}
func unlinkBlock(string) error                         { return errors.ErrUnsupported }
func sweepBlocks()                                     {}

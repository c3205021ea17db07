package giltest_test

import "github.com/pygil/pygil/gil/threading"

func newLock(name string) *threading.Lock { return &threading.Lock{Name: name} }

package timing

import "github.com/pygil/pygil/gil"

// Mutate changes the machine of every row until restore is called.
func Mutate(opts ...gil.Option) (restore func()) {
	mutant = opts
	return func() { mutant = nil }
}

package gil

import "github.com/pygil/pygil/internal/bytecode"

// StartMethod is how this Python starts processes on Linux unless it is told
// otherwise: Fork up to 3.13, ForkServer from 3.14 on, and Spawn where nothing can be
// forked, on the JVM. A Machine does not look at it, its default is Spawn; give it
// WithStartMethod(p.StartMethod()). It panics with a *ValueError for the zero Profile.
// Python: multiprocessing.get_start_method().
func (p Profile) StartMethod() StartMethod {
	p.valid()
	switch {
	case p.name == JVM.name:
		return Spawn
	case p.version >= bytecode.V314:
		return ForkServer
	}
	return Fork
}

package gil

import "github.com/pygil/pygil/internal/kernel"

// names are the identities that the named objects of an explored run have taken.
// Most programs have a handful of objects and very short runs, so that a list is
// quicker than a map.
type names struct {
	few  []kernel.ObjID
	many map[kernel.ObjID]struct{}
}

// fewNames is the length from which on a map is quicker.
const fewNames = 24

// claim reports whether id was free, and takes it.
func (n *names) claim(id kernel.ObjID) bool {
	if n.many != nil {
		_, taken := n.many[id]
		n.many[id] = struct{}{}
		return !taken
	}
	for _, x := range n.few {
		if x == id {
			return false
		}
	}
	if n.few = append(n.few, id); len(n.few) == fewNames {
		n.many = make(map[kernel.ObjID]struct{}, 2*fewNames)
		for _, x := range n.few {
			n.many[x] = struct{}{}
		}
	}
	return true
}

func (n *names) reset() { n.few, n.many = n.few[:0], nil }

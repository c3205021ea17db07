package process

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/pygil/pygil/pipe/pickle"
)

// A target is a function that a child can run, without its types.
type target struct {
	name     string
	shape    string // the types of argument and result
	threaded bool   // it wants to run on a thread of an interpreter
	// load decodes the argument. The returned function runs the target with it.
	load func(data []byte, opts ...pickle.Option) (call func(ctx context.Context) (any, error), err error)
	many func(ctx context.Context, data []byte, opts ...pickle.Option) (results any, done int, err error)
}

// registry holds every target of the program. Parent and child fill it in the
// same way, before Main.
var registry = struct {
	sync.Mutex
	targets map[string]*target
	used    map[string]bool // started by this process
	sealed  bool            // Main has been reached: a child could not know later ones
}{targets: map[string]*target{}, used: map[string]bool{}}

// define adds a target. It panics: a program with two functions of one name is
// wrong from the start.
func define(t *target) {
	registry.Lock()
	defer registry.Unlock()
	switch {
	case t.name == "":
		panic(invalid("", "Define: a function needs a name, by which a child finds it"))
	case registry.targets[t.name] != nil:
		panic(invalid("", "Define(%q): the name is taken; give each function a name of its own", t.name))
	case registry.sealed:
		panic(invalid("", "Define(%q) after Main: a child would not know the function; make it a package variable", t.name))
	}
	registry.targets[t.name] = t
}

// seal says that no more targets can come.
func seal() {
	registry.Lock()
	defer registry.Unlock()
	registry.sealed = true
}

func lookup(name string) *target {
	registry.Lock()
	defer registry.Unlock()
	return registry.targets[name]
}

// noteUse records that a target was started.
func noteUse(name string) {
	registry.Lock()
	defer registry.Unlock()
	registry.used[name] = true
}

// unused returns the targets that were never started, apart from some.
func unused(except []string) (names []string) {
	registry.Lock()
	defer registry.Unlock()
	for _, name := range slices.Sorted(maps.Keys(registry.targets)) {
		if !registry.used[name] && !slices.Contains(except, name) {
			names = append(names, name)
		}
	}
	return names
}

// fingerprint is a hash of the names and types of all targets. A child compares
// its own with its parent's, so that a program that was built from something
// else says so instead of running the wrong function.
func fingerprint() uint64 {
	registry.Lock()
	defer registry.Unlock()
	h := fnv.New64a()
	for _, name := range slices.Sorted(maps.Keys(registry.targets)) {
		_, _ = io.WriteString(h, fmt.Sprintf("%q %s\n", name, registry.targets[name].shape))
	}
	return h.Sum64()
}

package gil

import (
	"strings"
	"time"

	"github.com/pygil/pygil/internal/bytecode"
)

// Profile is the Python that is emulated: the kind of its GIL, its intervals,
// the bytecodes of every construct and where between them the interpreter looks
// whether it has to switch. Profiles are values: the With methods return changed
// copies. The zero Profile is not valid; take one of the variables or call
// LookupProfile.
type Profile struct {
	name    string
	rule    Rule
	version bytecode.Version
	traits  traits
	speed   float64 // bytecodes per unit of time, relative to CPython; 0 means 1
}

// traits are the differences between Pythons that are neither intervals nor
// opcodes. Each has its citation in facts of CPython's source or tracker.
type traits uint16

const (
	// anyCode: a switch may come between any two bytecodes.
	anyCode traits = 1 << iota
	// lazyGIL: the GIL does not exist before the first thread is started (up to
	// 3.6; bpo-20891 creates it with the interpreter).
	lazyGIL
	// acquireReleases: lock.acquire releases the GIL around the operation even
	// when the lock is free (up to 3.1; from 3.2 on it first tries without).
	acquireReleases
	// fairLocks: an unlocker hands the lock over to a waiter that has waited for
	// more than 1 ms (3.13.5 and 3.14: the one-byte mutex of PEP 703 behind
	// threading.Lock).
	fairLocks
	// ownGIL: a sub-interpreter is isolated, with a GIL and an interval of its own if
	// there is a GIL at all (PEP 684).
	ownGIL
	// coldCalls: calls are never specialised, so every call of a C function ends
	// with a look at the eval breaker (3.13t).
	coldCalls
	// pollingWaits: a wait with a timeout is a loop of sleeps from 1 to 50 ms
	// (threading.Condition.wait of 2.7 and 3.1).
	pollingWaits
	// qualifiedNames: a thread that was given no name is Thread-N (target).
	qualifiedNames
	// noLateThreads: no thread can be started once main has ended (3.12).
	noLateThreads
)

// The CPython profiles with a GIL. The two with ticks are those up to 3.1.
var (
	CPython27  = Profile{name: "2.7", rule: Legacy(DefaultCheckInterval), version: bytecode.V27, traits: lazyGIL | acquireReleases | pollingWaits}
	CPython31  = Profile{name: "3.1", rule: Legacy(DefaultCheckInterval), version: bytecode.V31, traits: lazyGIL | acquireReleases | pollingWaits}
	CPython32  = interval("3.2", bytecode.V32, lazyGIL)
	CPython36  = interval("3.6", bytecode.V36, lazyGIL)
	CPython37  = interval("3.7", bytecode.V37, 0)
	CPython38  = interval("3.8", bytecode.V38, 0)
	CPython39  = interval("3.9", bytecode.V39, 0)
	CPython310 = interval("3.10", bytecode.V310, qualifiedNames)
	CPython311 = interval("3.11", bytecode.V311, qualifiedNames)
	CPython312 = interval("3.12", bytecode.V312, qualifiedNames|ownGIL|noLateThreads)
	CPython313 = interval("3.13", bytecode.V313, qualifiedNames|ownGIL)
	CPython314 = interval("3.14", bytecode.V314, qualifiedNames|ownGIL|fairLocks)
)

// The free-threaded builds of PEP 703.
var (
	CPython313T = Profile{name: "3.13t", rule: None(), version: bytecode.V313, traits: qualifiedNames | ownGIL | fairLocks | coldCalls, speed: 1 / 1.4}
	CPython314T = Profile{name: "3.14t", rule: None(), version: bytecode.V314, traits: qualifiedNames | ownGIL | fairLocks, speed: 1 / 1.075}
)

// PyPy is a model of PyPy: the GIL of CPython 3.x over a JIT that executes the
// same bytecodes about ten times faster. The factor is a figure for examples, not
// a measurement; pypy-stm and PyParallel tried to do without the GIL.
var PyPy = Profile{name: "pypy", rule: Interval(DefaultSwitchInterval), version: bytecode.V310, traits: qualifiedNames, speed: 10}

// JVM is a model of Python on a Java virtual machine, as Jython is: no GIL.
var JVM = Profile{name: "jvm", rule: None(), version: bytecode.V27, traits: fairLocks, speed: 2}

// AnyBytecode is what the language promises and no more: a switch may come
// between any two bytecodes. It is the default of the explorer: a program that
// is right under it is right under every version with a GIL.
var AnyBytecode = Profile{name: "any", rule: Interval(DefaultSwitchInterval), version: bytecode.V313, traits: anyCode | qualifiedNames | ownGIL}

func interval(name string, v bytecode.Version, tr traits) Profile {
	return Profile{name: name, rule: Interval(DefaultSwitchInterval), version: v, traits: tr}
}

// FromRule returns the rule of a NewGIL as a profile: newest bytecodes, a switch
// between any two of them where the rule asks for one.
func FromRule(r Rule) Profile {
	p := AnyBytecode
	p.name, p.rule = r.String(), r
	return p
}

// Profiles returns all profiles, CPython's oldest first.
func Profiles() []Profile {
	return []Profile{
		CPython27, CPython31, CPython32, CPython36, CPython37, CPython38, CPython39, CPython310, CPython311,
		CPython312, CPython313, CPython314, CPython313T, CPython314T, PyPy, JVM, AnyBytecode,
	}
}

// LookupProfile finds a profile by its version: "2.7", "3.12", "3.13t", "3.13t+gil",
// "pypy", "jvm" or "any". Anything else is a *ValueError that lists the names.
func LookupProfile(version string) (Profile, error) {
	var names []string
	for _, p := range Profiles() {
		for _, p := range []Profile{p, p.WithGIL()} {
			if p.name == version {
				return p, nil
			}
		}
		names = append(names, p.name)
	}
	return Profile{}, badValue("", "no profile %q; there are %s", version, strings.Join(names, ", "))
}

// Name is the name under which LookupProfile finds the profile.
func (p Profile) Name() string { return p.name }

// String returns the name with what was changed about it.
func (p Profile) String() string { return p.name }

// PollsWaits reports whether a wait with a timeout is a loop of sleeps, as up to 3.1,
// whose locks could not be waited for with a timeout.
func (p Profile) PollsWaits() bool { return p.has(pollingWaits) }

// FreeThreaded reports whether the profile has no GIL. Python: not
// sys._is_gil_enabled().
func (p Profile) FreeThreaded() bool { return p.rule.kind == freeRule }

// Rule returns the rule of the profile's GIL.
func (p Profile) Rule() Rule { return p.rule }

// WithCheckInterval returns the profile with another check interval: the number
// of ticks of sys.setcheckinterval. Only a tick GIL (up to 3.1, and the Legacy
// rule) looks at it. Python accepts any number; below 1 every tick checks.
func (p Profile) WithCheckInterval(ticks int) Profile {
	if p.rule.kind == legacyRule {
		p.rule = Legacy(ticks)
	}
	return p
}

// WithSwitchInterval returns the profile with another switch interval, as
// sys.setswitchinterval sets it. Only the GIL of 3.2 and later looks at it. It
// panics with a *ValueError when d is not positive.
func (p Profile) WithSwitchInterval(d time.Duration) Profile {
	r := Interval(d)
	if p.rule.kind == intervalRule {
		p.rule = r
	}
	return p
}

// WithGIL returns a free-threaded build of CPython with its GIL turned on: it switches
// where it looks, loses nothing at `x += 1`, and its name has "+gil" after it. Other
// profiles have a GIL, or none to turn on, and stay as they are. Python: PYTHON_GIL=1,
// -X gil=1.
func (p Profile) WithGIL() Profile {
	if p.FreeThreaded() && p.has(ownGIL) {
		p.name += "+gil"
		p.rule = Interval(DefaultSwitchInterval)
	}
	return p
}

// interval is the switch interval at first, 0 for those that count ticks.
func (p Profile) interval() time.Duration {
	if p.FreeThreaded() {
		return DefaultSwitchInterval
	}
	return p.rule.every
}

func (p *Profile) has(tr traits) bool { return p.traits&tr != 0 }

// valid panics for a Profile that nobody made.
func (p Profile) valid() {
	if p.name == "" {
		panic(badValue("", "the zero Profile is no Python; use gil.CPython313 or another of gil.Profiles()"))
	}
}

// tickCost scales the cost of a bytecode by the profile's speed.
func (p Profile) scale(d time.Duration) time.Duration {
	if p.speed == 0 || p.speed == 1 {
		return d
	}
	return time.Duration(float64(d) / p.speed)
}

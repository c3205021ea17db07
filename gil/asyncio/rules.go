package asyncio

import (
	"strconv"
	"strings"

	"github.com/pygil/pygil/gil"
)

// rules are the differences between the asyncio of one Python and the next, by
// minor version. Each is one row of the table in the package comment.
type rules struct {
	minor int
	name  string
}

// newest is the version whose behaviour profiles without a number have.
const newest = 14

// rulesOf finds the rules of a profile. PyPy is a 3.10; profiles that are no
// Python, such as "any" or a rule of ticks, behave like the newest.
func rulesOf(p gil.Profile) (rules, error) {
	r := rules{minor: newest, name: p.Name()}
	switch name := strings.TrimSuffix(p.Name(), "t"); {
	case name == "pypy":
		r.minor = 10
	case strings.HasPrefix(name, "3."):
		if n, err := strconv.Atoi(name[2:]); err == nil {
			r.minor = n
		}
	case name == "2.7", name == "jvm":
		r.minor = 0
	}
	if r.minor < 6 {
		return r, &UnavailableError{What: "asyncio with async and await", Python: "run", Since: "3.6 (as far as this package goes)", Profile: r.name}
	}
	return r, nil
}

// since reports whether the version is 3.minor or newer.
func (r rules) since(minor int) bool { return r.minor >= minor }

// need returns an error unless the version is 3.minor or newer.
func (r rules) need(minor int, what, python string) error {
	if r.since(minor) {
		return nil
	}
	return &UnavailableError{What: what, Python: python, Since: "3." + strconv.Itoa(minor), Profile: r.name}
}

func (r rules) gatherStartsAsSet() bool        { return !r.since(7) }
func (r rules) sleepNegativeIsZero() bool      { return r.since(7) }
func (r rules) waitForgetsWhenCancelled() bool { return r.since(7) }
func (r rules) waitForJoins() bool             { return r.since(7) }
func (r rules) waitForZeroStarts() bool        { return !r.since(7) }
func (r rules) waitForPrefersResult() bool     { return r.since(8) && !r.since(12) }
func (r rules) waitForReturnsSwallowed() bool  { return r.since(9) }
func (r rules) waitForSameTask() bool          { return r.since(12) }
func (r rules) cancelMessages() bool           { return r.since(9) }
func (r rules) joinsExecutor() bool            { return r.since(9) }
func (r rules) uncancelWithdraws() bool        { return r.since(13) }
func (r rules) groupKeepsOuterCancel() bool    { return r.since(13) }
func (r rules) conditionPassesNotifyOn() bool  { return r.since(13) }
func (r rules) shieldReports() bool            { return r.since(14) }
func (r rules) cancelLateIsException() bool    { return !r.since(8) }
func (r rules) smallExecutor() bool            { return r.since(8) }
func (r rules) semaphore() semaphoreVersion    { return semaphoreOf(r.minor) }

// semaphoreVersion is the algorithm of asyncio.Semaphore, which was rewritten
// until nobody could barge in any more.
type semaphoreVersion uint8

const (
	semaphoreBarging   semaphoreVersion = iota // up to 3.8
	semaphoreScheduled                         // 3.9
	semaphoreQueued                            // 3.10 to 3.12
	semaphoreDraining                          // 3.13
)

func semaphoreOf(minor int) semaphoreVersion {
	switch {
	case minor <= 8:
		return semaphoreBarging
	case minor == 9:
		return semaphoreScheduled
	case minor <= 12:
		return semaphoreQueued
	}
	return semaphoreDraining
}

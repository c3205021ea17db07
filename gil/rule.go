package gil

import (
	"fmt"
	"time"
)

// Rule says when the holder of a GIL gives it up although it has not finished.
// Make one with Ticks, Interval, Legacy or None.
type Rule struct {
	kind  ruleKind
	ticks int
	every time.Duration
}

type ruleKind uint8

const (
	freeRule     ruleKind = iota // no GIL
	ticksRule                    // n ticks, fair
	legacyRule                   // n ticks, release and re-acquire, unfair
	intervalRule                 // on request after an interval
)

// Ticks is the rule "the holder runs n ticks, then the longest waiter gets the
// GIL": with somebody waiting a run is exactly n ticks long. When nobody waits
// the holder goes on. It panics with a *ValueError when n < 1.
func Ticks(n int) Rule {
	if n < 1 {
		panic(badValue("", "Ticks(%d): a holder runs at least 1 tick", n))
	}
	return Rule{kind: ticksRule, ticks: n}
}

// Interval is the rule of CPython from 3.2 on: a thread that has waited for d
// without any switch asks for the GIL; the holder gives it up at its next check
// point and does not come back before somebody else had it. Whole microseconds
// count, as in sys.setswitchinterval; less than one counts as one. It panics with
// a *ValueError when d is not positive.
func Interval(d time.Duration) Rule {
	if err := checkInterval(d); err != nil {
		panic(err)
	}
	return Rule{kind: intervalRule, every: d}
}

// Legacy is the rule of CPython up to 3.1: after n+1 ticks the holder releases
// the GIL and takes it again, usually before a waiter has woken up. An n below 1
// releases at every tick, as sys.setcheckinterval(0) does.
func Legacy(n int) Rule { return Rule{kind: legacyRule, ticks: max(n, 0)} }

// None is the rule without a GIL: threads run truly in parallel.
func None() Rule { return Rule{kind: freeRule} }

// String returns the call that makes the rule.
func (r Rule) String() string {
	switch r.kind {
	case ticksRule:
		return fmt.Sprintf("Ticks(%d)", r.ticks)
	case legacyRule:
		return fmt.Sprintf("Legacy(%d)", r.ticks)
	case intervalRule:
		return fmt.Sprintf("Interval(%v)", r.every)
	}
	return "None()"
}

// checkInterval refuses what sys.setswitchinterval refuses.
func checkInterval(d time.Duration) error {
	if d <= 0 {
		return badValue("switch interval must be strictly positive", "switch interval %v: must be positive", d)
	}
	return nil
}

// DefaultSwitchInterval is what sys.getswitchinterval() returns at first.
const DefaultSwitchInterval = 5 * time.Millisecond

// DefaultCheckInterval is what sys.getcheckinterval() returns at first.
const DefaultCheckInterval = 100

package explore

// Raw hands failures out as they were found, neither confirmed nor shrunk.
func Raw() Option { return optionFunc(func(c *config) { c.raw = true }) }

// Into stores the report of a search that returns something else.
func Into(r **Report) Option { return optionFunc(func(c *config) { c.into = r }) }

// DPORAwake is DPOR without sleep sets, DPORLockless without the reversal of races
// for locks.
func DPORAwake() Strategy    { return &dpor{awake: true} }
func DPORLockless() Strategy { return &dpor{lockless: true} }

// Performing is the strategy that performs one schedule, strictly.
func Performing(s Schedule) Strategy { return &performing{follow(s, true)} }

type performing struct{ *follower }

func (p *performing) Start(n int, seed uint64) bool { return p.follower.Start(n, seed) && n == 0 }

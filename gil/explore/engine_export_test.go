package explore

// Raw hands failures out as they were found, neither confirmed nor shrunk.
func Raw() Option { return optionFunc(func(c *config) { c.raw = true }) }

// Into stores the report of a search that returns something else.
func Into(r **Report) Option { return optionFunc(func(c *config) { c.into = r }) }

// DPORAwake is DPOR without sleep sets, DPORLockless without the reversal of races
// for locks.
func DPORAwake() Strategy    { return &dpor{awake: true} }
func DPORLockless() Strategy { return &dpor{lockless: true} }

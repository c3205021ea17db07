package explore

// Raw hands failures out as they were found, neither confirmed nor shrunk.
func Raw() Option { return optionFunc(func(c *config) { c.raw = true }) }

package explore

import "github.com/pygil/pygil/gil"

func (f *Failure) stuck(prog func(*gil.Thread), c *config) {}

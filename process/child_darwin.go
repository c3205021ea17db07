package process

// tidy has nothing to do: nothing but the listed descriptors is worth a look.
func tidy(last int) {}

package pool_test

func moreFlavours() []flavour { return nil }

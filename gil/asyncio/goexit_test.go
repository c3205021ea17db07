package asyncio_test

import "runtime"

// goexit is what testing.T.FailNow does to a goroutine.
func goexit() { runtime.Goexit() }

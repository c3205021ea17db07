package pickle_test

import (
	"testing"
	_ "time/tzdata" // the tests of zones need some

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

package giltest

// TB is what this package needs of a test: *testing.T, *testing.B, *testing.F and
// *rapid.T have it.
type TB interface {
	// Helper marks the caller as a helper, so that lines of the test are reported.
	Helper()
	// Name is the name of the test: it names the folder of its saved failures.
	Name() string
	// Logf tells about a test that goes on.
	Logf(format string, args ...any)
	// Errorf fails the test.
	Errorf(format string, args ...any)
	// FailNow ends the test.
	FailNow()
}

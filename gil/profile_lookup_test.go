package gil_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

func TestLookupProfile(t *testing.T) {
	names := []string{
		"2.7", "3.1", "3.2", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14",
		"3.13t", "3.14t", "pypy", "jvm", "any",
	}
	all := gil.Profiles()
	require.Len(t, all, len(names))
	for i, name := range names {
		assert.Equal(t, name, all[i].Name())
		p, err := gil.LookupProfile(name)
		require.NoError(t, err)
		assert.Equal(t, all[i], p)
	}
	for _, bad := range []string{"", "2", "2.6", "3.5", "3.130", "3.13T", " 3.13", "latest"} {
		p, err := gil.LookupProfile(bad)
		assert.Zero(t, p)
		var value *gil.ValueError
		require.ErrorAs(t, err, &value)
		assert.Contains(t, err.Error(), `gil: no profile "`+bad+`"; there are 2.7, 3.1, 3.2,`)
		assert.Contains(t, err.Error(), "3.14t, pypy, jvm, any")
	}
}

func TestProfileKinds(t *testing.T) {
	for _, p := range gil.Profiles() {
		want := "Interval(5ms)"
		switch p.Name() {
		case "2.7", "3.1":
			want = "Legacy(100)"
		case "3.13t", "3.14t", "jvm":
			want = "None()"
		}
		assert.Equal(t, want, p.Rule().String(), p.Name())
		assert.Equal(t, want == "None()", p.FreeThreaded(), p.Name())
	}
	assert.Equal(t, "Ticks(7)", gil.FromRule(gil.Ticks(7)).Rule().String())
	assert.Equal(t, "Ticks(7)", gil.FromRule(gil.Ticks(7)).Name())
	assert.True(t, gil.FromRule(gil.None()).FreeThreaded())
}

// The With methods return changed copies, and only where the interval means
// something.
func TestProfileIntervals(t *testing.T) {
	for _, p := range gil.Profiles() {
		rule := p.Rule().String()
		checks, switches := rule, rule
		switch rule {
		case "Legacy(100)":
			checks = "Legacy(10)"
		case "Interval(5ms)":
			switches = "Interval(1ms)"
		}
		assert.Equal(t, checks, p.WithCheckInterval(10).Rule().String(), p.Name())
		assert.Equal(t, switches, p.WithSwitchInterval(time.Millisecond).Rule().String(), p.Name())
		assert.Equal(t, rule, p.Rule().String(), "%s itself has not changed", p.Name())
		assert.Equal(t, p.Name(), p.WithCheckInterval(10).WithSwitchInterval(time.Second).Name())

		for _, bad := range []time.Duration{0, -1} {
			v := panicked(func() { p.WithSwitchInterval(bad) })
			require.IsType(t, &gil.ValueError{}, v)
			assert.Equal(t, "switch interval must be strictly positive", v.(*gil.ValueError).PythonText())
		}
	}
	assert.Equal(t, "Legacy(0)", gil.CPython27.WithCheckInterval(-5).Rule().String())

	// What a program reads is what the profile says.
	for p, want := range map[*struct{ p gil.Profile }][2]any{
		{gil.CPython27.WithCheckInterval(7)}:                   {7, time.Duration(0)},
		{gil.CPython313.WithSwitchInterval(1900)}:              {100, time.Microsecond},
		{gil.CPython313.WithSwitchInterval(time.Nanosecond)}:   {100, time.Duration(0)},
		{gil.CPython36.WithSwitchInterval(2 * time.Second)}:    {100, 2 * time.Second},
		{gil.CPython313.WithCheckInterval(7)}:                  {100, gil.DefaultSwitchInterval},
		{gil.AnyBytecode.WithSwitchInterval(time.Microsecond)}: {100, time.Microsecond},
		{gil.PyPy.WithSwitchInterval(1500 * time.Microsecond)}: {100, 1500 * time.Microsecond},
		{gil.CPython313T}: {100, gil.DefaultSwitchInterval},
	} {
		require.NoError(t, gil.NewMachine(1).Run(p.p, func(th *gil.Thread) {
			i := th.Interpreter()
			assert.Equal(t, want, [2]any{i.CheckInterval(), i.SwitchInterval()}, p.p.Name())
		}))
	}
}

// A Profile that nobody made is refused wherever one is taken.
func TestZeroProfile(t *testing.T) {
	var zero gil.Profile
	for _, use := range []func(){
		func() { _ = gil.NewMachine(1).Run(zero, func(*gil.Thread) {}) },
		func() { _ = gil.Live().Run(zero, func(*gil.Thread) {}) },
		func() { gil.New(zero) },
		func() { gil.NewSandbox(zero, nil, 0) },
	} {
		v := panicked(use)
		require.IsType(t, &gil.ValueError{}, v)
		assert.Contains(t, v.(error).Error(), "gil: the zero Profile is no Python; use gil.CPython313")
	}
}

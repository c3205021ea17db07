package process_test

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
)

// A listing is what a child of the cases about lists is given.
type listing struct {
	List *process.ShareableList
	Lock *process.Lock // nil: it does without
	Set  any           // instead of adding one
}

var lister = process.DefineTarget("suite.lister", func(t *gil.Thread, in listing) error {
	change := func() error {
		if in.Set != nil {
			return in.List.Set(0, in.Set)
		}
		v, err := in.List.Get(0)
		return errors.Join(err, in.List.Set(0, v.(int)+1))
	}
	if in.Lock == nil {
		return errors.Join(change(), in.List.Close())
	}
	var err error
	return errors.Join(in.Lock.With(t, func() { err = change() }), err, in.List.Close())
})

func list(t *gil.Thread, in listing) *process.Process {
	return got[*process.Process](t)(lister.Start(t, in))
}

// A keeping is what a child is given that has a manager of shared memory.
type keeping struct {
	Part  string
	Names *process.Array[byte] // it writes the name of its block here
	Ready *process.Event
	Go    *process.Event // nobody sets it
}

var keeper = process.DefineTarget("suite.keeper", func(t *gil.Thread, in keeping) error {
	s, err := process.NewSharedMemoryManager(t)
	if err != nil {
		return err
	}
	m, err := s.SharedMemory(t, 8)
	if err != nil {
		return err
	}
	if err := in.Names.SetSlice(t, 0, len(m.Name()), []byte(m.Name())); err != nil {
		return err
	}
	if in.Part == "leaves a child" { // which says that it is there
		if _, err = player.Start(t, props{Part: "arrive", Ready: in.Ready, Go: in.Go}, process.WithEndWithParent(false)); err != nil {
			return err
		}
		return in.Go.Wait(t)
	}
	if err := in.Ready.Set(t); err != nil {
		return err
	}
	switch in.Part {
	case "waits":
		return in.Go.Wait(t)
	case "fails":
		return errors.New("on purpose")
	case "exits":
		process.Exit(t, 3)
	}
	return nil // and does not shut the manager down
})

// keep starts such a child and returns it with the name of its block, which exists.
func keep(t *gil.Thread, part string) (*process.Process, keeping) {
	in := keeping{
		Part:  part,
		Names: got[*process.Array[byte]](t)(process.NewArray[byte](t, 12)),
		Ready: got[*process.Event](t)(process.NewEvent(t)),
		Go:    got[*process.Event](t)(process.NewEvent(t)),
	}
	p := got[*process.Process](t)(keeper.Start(t, in))
	require.NoError(t, in.Ready.Wait(t))
	return p, in
}

func (in keeping) name(t *gil.Thread) string { return string(got[[]byte](t)(in.Names.Slice(t, 0, 12))) }

// vanishes waits until nobody can attach to a block any more.
func vanishes(t *gil.Thread, name string) {
	for range soon / time.Millisecond {
		m, err := process.OpenSharedMemory(t, name)
		if err != nil {
			require.ErrorIs(t, err, fs.ErrNotExist)
			return
		}
		require.NoError(t, m.Close())
		t.Sleep(time.Millisecond)
	}
	require.Fail(t, "it never vanished")
}

var listCases = []suiteCase{
	{name: "SL-1 SL-2 list", run: func(t *gil.Thread) {
		values := []any{"text", 1, -1.5, true, nil, []byte("a\x00")}
		l := got[*process.ShareableList](t)(process.NewShareableList(t, "", values...))
		require.Equal(t, values, got[[]any](t)(l.Values()))
		require.Equal(t, "8sqdxxxxxxx?xxxxxx?x2s6x", got[string](t)(l.Format()))
		other := got[*process.ShareableList](t)(process.OpenShareableList(t, l.Name()))
		ends(t, list(t, listing{List: l, Set: "child"}), 0)
		require.Equal(t, "child", got[any](t)(other.Get(-len(values))))
		fails(t, "index out of range", second(l.Get(len(values))))
		fails(t, "bytes/str item exceeds available storage", l.Set(0, "nine byte"))
		require.Equal(t, "child", got[any](t)(l.Get(0)))
		require.NoError(t, errors.Join(l.Unlink(), l.Close(), other.Close()))
		require.ErrorIs(t, l.Set(0, 1), process.ErrClosed)
		require.ErrorIs(t, second(process.OpenShareableList(t, l.Name())), fs.ErrNotExist)
	}},
	{name: "SL-4 a lock beside a list", run: func(t *gil.Thread) {
		in := listing{Lock: newLock(t)}
		in.List = got[*process.ShareableList](t)(process.NewShareableList(t, "", 0))
		p, q := list(t, in), list(t, in)
		ends(t, p, 0)
		ends(t, q, 0)
		require.Equal(t, 2, got[any](t)(in.List.Get(0)))
		require.NoError(t, errors.Join(in.List.Unlink(), in.List.Close(), in.Lock.Close()))
	}},
	{name: "SL-5 a manager of shared memory", run: func(t *gil.Thread) {
		s := got[*process.SharedMemoryManager](t)(process.NewSharedMemoryManager(t))
		require.Equal(t, "SharedMemoryManager", s.Process().Name())
		require.True(t, s.Process().Daemon())
		fails(t, "'size' must be a positive integer", second(s.SharedMemory(t, -1)))
		fails(t, "'size' must be a positive number different from zero", second(s.SharedMemory(t, 0)))
		m, l := got[*process.SharedMemory](t)(s.SharedMemory(t, 100)), got[*process.ShareableList](t)(s.ShareableList(t, 41, "x"))
		early := got[*process.SharedMemory](t)(s.SharedMemory(t, 8))
		require.NoError(t, errors.Join(early.Unlink(), early.Close()))
		require.Regexp(t, `^psm_[0-9a-g]{8}$`, m.Name())
		require.Equal(t, make([]byte, 100), m.Buf())
		ends(t, got[*process.Process](t)(suiteMemory.Start(t, m)), 0)
		ends(t, list(t, listing{List: l}), 0)
		require.EqualValues(t, 1, m.Buf()[0])
		require.Equal(t, []any{42, "x"}, got[[]any](t)(l.Values()))
		require.NoError(t, s.Process().Interrupt())
		require.NoError(t, s.Process().Terminate())
		more := got[*process.SharedMemory](t)(s.SharedMemory(t, 1)) // it is at work
		require.NoError(t, more.Close())
		require.NoError(t, s.Shutdown(t))
		ends(t, s.Process(), 0)
		for _, name := range []string{m.Name(), l.Name(), more.Name()} {
			require.ErrorIs(t, second(process.OpenSharedMemory(t, name)), fs.ErrNotExist)
		}
		require.EqualValues(t, 1, m.Buf()[0], "the memory stays until it is closed")
		require.ErrorIs(t, m.Unlink(), fs.ErrNotExist)
		require.NoError(t, errors.Join(m.Close(), l.Close(), s.Shutdown(t), s.Close()))
		require.ErrorIs(t, second(s.SharedMemory(t, 1)), process.ErrManagerEnded)
		require.ErrorIs(t, second(s.ShareableList(t, 1)), process.ErrManagerEnded)
	}},
	{name: "SL-5 its maker ends", run: func(t *gil.Thread) {
		for part, code := range map[string]int{"returns": 0, "fails": 1, "exits": 3} {
			p, in := keep(t, part)
			ends(t, p, code)
			require.ErrorIs(t, second(process.OpenSharedMemory(t, in.name(t))), fs.ErrNotExist, "it is gone before its maker is")
			require.NoError(t, errors.Join(in.Names.Close(), in.Ready.Close(), in.Go.Close()))
		}
	}, alone: true},
	{name: "SL-5 its maker is killed", run: func(t *gil.Thread) {
		for _, part := range []string{"waits", "leaves a child"} {
			p, in := keep(t, part)
			require.NoError(t, second(process.OpenSharedMemory(t, in.name(t))))
			require.NoError(t, p.Kill())
			ends(t, p, -9)
			vanishes(t, in.name(t))
			require.NoError(t, in.Go.Set(t)) // the child that it left
		}
	}},
	{name: "SL-5 it is killed", run: func(t *gil.Thread) {
		s := got[*process.SharedMemoryManager](t)(process.NewSharedMemoryManager(t))
		m := got[*process.SharedMemory](t)(s.SharedMemory(t, 8))
		early := got[*process.SharedMemory](t)(s.SharedMemory(t, 8))
		require.NoError(t, errors.Join(early.Unlink(), early.Close()))
		require.NoError(t, s.Process().Kill())
		ends(t, s.Process(), -9)
		require.ErrorIs(t, second(s.SharedMemory(t, 8)), process.ErrManagerEnded)
		other := got[*process.SharedMemory](t)(process.OpenSharedMemory(t, m.Name()))
		require.NoError(t, s.Close())
		require.ErrorIs(t, second(process.OpenSharedMemory(t, m.Name())), fs.ErrNotExist)
		require.NoError(t, errors.Join(m.Close(), other.Close(), s.Close()))
	}},
}

// Every line of section 7.3 that has a meaning in both worlds.
func TestSuiteLists(t *testing.T) { runSuite(t, listCases) }

// SL-4: a list has no lock. The explorer finds the item that another process has
// replaced meanwhile, and the one that is half old and half new; see the case with a
// lock.
func TestVirtualListRaces(t *testing.T) {
	lost := func(t *gil.Thread) {
		l := got[*process.ShareableList](t)(process.NewShareableList(t, "", 0))
		p, q := list(t, listing{List: l}), list(t, listing{List: l})
		ends(t, p, 0)
		ends(t, q, 0)
		require.Equal(t, 2, got[any](t)(l.Get(0)))
	}
	torn := func(t *gil.Thread) {
		l := got[*process.ShareableList](t)(process.NewShareableList(t, "", 1))
		p := list(t, listing{List: l, Set: "one"})
		require.True(t, slices.Contains([]any{1, "one"}, got[any](t)(l.Get(0))))
		ends(t, p, 0)
	}
	for _, program := range []func(t *gil.Thread){lost, torn} {
		f := explore.Find(program)
		require.NotNil(t, f)
		assert.Equal(t, explore.Assertion, f.Kind)
		assert.NotNil(t, explore.Replay(program, f.Schedule))
	}
}

// SL-5: whoever dies, and whenever, a block that its maker has had, or that its maker
// cannot ask for any more, is gone when all is over.
func TestVirtualKeepersDie(t *testing.T) {
	killed := map[int]bool{}
	program := func(t *gil.Thread) {
		in := keeping{
			Names: got[*process.Array[byte]](t)(process.NewArray[byte](t, 12)),
			Ready: got[*process.Event](t)(process.NewEvent(t)),
		}
		p := got[*process.Process](t)(keeper.Start(t, in))
		require.NoError(t, p.Join(t))
		code, _ := p.ExitCode()
		killed[code] = true
		t.Sleep(time.Hour) // the manager is orphaned, and has time to notice
		if code != 1 {     // otherwise the manager died while it was making the block
			require.ErrorIs(t, second(process.OpenSharedMemory(t, "psm_g0000001")), fs.ErrNotExist)
		}
	}
	for _, s := range []explore.Strategy{explore.Random(), explore.DPOR()} {
		r := explore.Run(program, explore.WithKillPoints(1), explore.WithStrategy(s), explore.WithMaxSchedules(2000))
		assert.False(t, r.Failed(), "%v", r)
	}
	assert.Equal(t, map[int]bool{0: true, 1: true, -9: true}, killed)
}

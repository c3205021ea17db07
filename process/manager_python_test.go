//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

// serveInPython starts a SyncManager's server in Python.
func serveInPython(t *testing.T, p python3, address string) {
	t.Helper()
	cmd := exec.Command(p.path, "testdata/manager.py", "serve", address, "key")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.Equal(t, "serving", newLines(out)(t))
}

func driveFromPython(t *testing.T, p python3, address string) string {
	t.Helper()
	cmd := exec.Command(p.path, "testdata/manager.py", "drive", address, "key")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

func serveInGo(t *testing.T, network, address string, p python3) *process.PythonServer {
	t.Helper()
	s, err := process.ServePython(t.Context(), network, address, []byte("key"), p.legacy()...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Share("jobs", "Queue"))
	return s
}

// place is an address as testdata/manager.py takes it.
func place(a net.Addr) string { return a.String() }

// A Python program notices no difference between a manager in Python and one in Go.
func TestPythonDrivesManagers(t *testing.T) {
	withPythons(t, func(t *testing.T, p python3) {
		if !p.standsForOthers() {
			return
		}
		theirs := filepath.Join(t.TempDir(), "s")
		serveInPython(t, p, theirs)
		want := driveFromPython(t, p, theirs)
		require.Contains(t, want, "nested [1, 2]")
		s := serveInGo(t, "unix", "", p)
		require.Equal(t, want, driveFromPython(t, p, place(s.Addr())))
		require.Eventually(t, func() bool { return s.NumberOfObjects() <= 2 }, 30*time.Second, 5*time.Millisecond, "all but jobs, and the list in a dict, are dropped")
		if p.minor == 13 {
			over := serveInGo(t, "tcp", "", p)
			require.Equal(t, want, driveFromPython(t, p, place(over.Addr())))
		}
	})
}

// drive uses a manager's objects, and tells what happens.
func drive(t *testing.T, m *process.PythonManager) string {
	var told strings.Builder
	ctx := t.Context()
	create := func(typeid string, args ...any) *process.PythonProxy {
		p, err := m.Create(ctx, typeid, args...)
		require.NoError(t, err)
		return p
	}
	do := func(p *process.PythonProxy, method string, args ...any) any {
		v, err := p.Call(ctx, method, args...)
		switch e, raised := err.(*pickle.Exception); {
		case raised && e.Class.Name == "RemoteError":
			fmt.Fprintf(&told, "%s.%s%v RemoteError %v\n", p.TypeID(), method, args, strings.Contains(e.Error(), "AttributeError"))
		case raised:
			fmt.Fprintf(&told, "%s.%s%v raises %s%v\n", p.TypeID(), method, args, e.Class.Name, e.Args)
		default:
			require.NoError(t, err)
			if _, proxy := v.(*process.PythonProxy); !proxy {
				fmt.Fprintf(&told, "%s.%s%v %s\n", p.TypeID(), method, args, pickle.Repr(v))
			}
		}
		return v
	}
	d := create("dict", map[string]int{"a": 1})
	do(d, "__setitem__", pickle.Tuple{1, "t"}, []any{1.5, nil, []byte("x")})
	do(d, "get", pickle.Tuple{1, "t"})
	do(d, "__getitem__", "nope")
	do(d, "__len__")
	do(d, "items")
	do(d, "__str__")
	do(d, "__class__")
	do(d, "#GETVALUE")
	keys, ok := do(d, "__iter__").(*process.PythonProxy)
	require.True(t, ok)
	for range 3 {
		do(keys, "__next__")
	}
	require.NoError(t, keys.Close(ctx))
	l := create("list", []int{3, 1, 2})
	do(l, "sort")
	_, err := l.CallWith(ctx, "sort", nil, map[string]any{"reverse": true})
	require.NoError(t, err)
	do(l, "pop")
	do(l, "__getitem__", 9)
	do(l, "__getitem__", -1)
	do(l, "append", "x")
	do(l, "#GETVALUE")
	do(d, "__setitem__", "list", l)
	inner, ok := do(d, "get", "list").(*process.PythonProxy)
	require.True(t, ok)
	do(inner, "append", "through the dict")
	do(l, "__getitem__", -1)
	n := create("Namespace")
	do(n, "__setattr__", "x", 7)
	do(n, "__getattribute__", "x")
	do(n, "__getattribute__", "y")
	v := create("Value", "i", 3)
	do(v, "set", 4)
	do(v, "get")
	q := create("Queue", 1)
	do(q, "put", "a")
	do(q, "put", "b", false)
	do(q, "get", true, 30.0)
	do(q, "get", true, 0.01)
	lock := create("Lock")
	do(lock, "acquire")
	do(lock, "acquire", true, 0.01)
	do(lock, "release")
	do(lock, "release")
	event := create("Event")
	do(event, "wait", 0.01)
	woken := make(chan any, 1)
	go func() { v, _ := event.Call(ctx, "wait"); woken <- v }()
	do(event, "set")
	require.Equal(t, true, <-woken)
	jobs, same := create("jobs"), create("jobs")
	do(jobs, "put", pickle.Tuple{"job", 1})
	do(same, "get")
	_, err = m.Create(ctx, "Pudding")
	require.ErrorContains(t, err, "KeyError")
	for _, p := range []*process.PythonProxy{d, l, inner, n, v, q, lock, event} {
		require.NoError(t, p.Close(ctx))
		require.NoError(t, p.Close(ctx))
	}
	_, err = d.Call(ctx, "get", 1)
	require.ErrorContains(t, err, "RemoteError")
	return told.String()
}

// A Go program notices no difference either.
func TestGoDrivesManagers(t *testing.T) {
	withPythons(t, func(t *testing.T, p python3) {
		if !p.standsForOthers() {
			return
		}
		connect := func(network, address string) *process.PythonManager {
			m, err := process.ConnectPython(t.Context(), network, address, []byte("key"), p.legacy()...)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, m.Close()) })
			return m
		}
		theirs := filepath.Join(t.TempDir(), "s")
		serveInPython(t, p, theirs)
		m := connect("unix", theirs)
		want := drive(t, m)
		s := serveInGo(t, "unix", "", p)
		require.Equal(t, want, drive(t, connect("unix", place(s.Addr()))))
		require.NoError(t, m.Shutdown(t.Context()))
		require.Eventually(t, func() bool { // it says that it ends before it does
			_, err := m.Create(t.Context(), "dict")
			return err != nil
		}, time.Minute, 5*time.Millisecond)
	})
}

// What is wrong about a manager, and about using one.
func TestPythonServerMisuse(t *testing.T) {
	ctx := t.Context()
	s := serveInGo(t, "unix", "", python3{minor: 13})
	assert.ErrorContains(t, s.Share("jobs", "list"), "the name is taken")
	assert.ErrorContains(t, s.Share("dict", "list"), "the name is taken")
	assert.ErrorContains(t, s.Share("x", "Pudding"), "KeyError: 'Pudding'")
	_, err := process.ConnectPython(ctx, "unix", place(s.Addr()), []byte("guess"))
	require.ErrorIs(t, err, pipe.ErrAuthentication)
	m, err := process.ConnectPython(ctx, "unix", place(s.Addr()), []byte("key"))
	require.NoError(t, err)
	defer m.Close()
	n, err := m.NumberOfObjects(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	assert.ErrorContains(t, m.Shutdown(ctx), "this server ends with its program")

	// Requests that are none, from somebody who has the key.
	dial := func() *pipe.Conn {
		c, err := pipe.Dial(ctx, "unix", place(s.Addr()), pipe.WithAuthKey([]byte("key")), pipe.WithCodec(pickle.Python))
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	none := new(pickle.Dict)
	for _, request := range []any{
		nil, 7,
		pickle.Tuple{},
		pickle.Tuple{nil, "create", pickle.Tuple{}, none},
		pickle.Tuple{nil, "create", pickle.Tuple{7}, none},
		pickle.Tuple{nil, "nothing", pickle.Tuple{}, none},
		pickle.Tuple{nil, "incref", pickle.Tuple{"77"}, none},
		pickle.Tuple{nil, "get_methods", pickle.Tuple{1}, none},
		pickle.Tuple{nil, "create", "list", none},
		pickle.Tuple{nil, "create", pickle.Tuple{"list", 1}, none},
		&pickle.Object{Class: pickle.Global{Module: "os", Name: "system"}, Args: pickle.Tuple{"true"}},
	} {
		c := dial()
		require.NoError(t, c.Send(ctx, request))
		v, err := c.Recv(ctx)
		require.NoError(t, err, "%v", request)
		require.Equal(t, "#TRACEBACK", v.(pickle.Tuple)[0], "%v", request)
	}
	// Methods with arguments that they do not take.
	m, err = process.ConnectPython(ctx, "unix", place(s.Addr()), []byte("key"))
	require.NoError(t, err)
	defer m.Close()
	for typeid, methods := range map[string][]string{
		"list": {"append", "insert", "__getitem__", "__setitem__", "extend", "index", "sort", "__mul__"}, "dict": {"get", "update", "pop", "__iter__"},
		"Queue": {"put", "get", "put_nowait"}, "Lock": {"acquire"}, "Event": {"wait"}, "Namespace": {"__setattr__"},
	} {
		p, err := m.Create(ctx, typeid)
		require.NoError(t, err)
		for _, method := range methods {
			for _, args := range [][]any{{"wrong", "wrong", "wrong", "wrong"}, {pickle.NewList(), pickle.NewList()}} {
				_, err := p.Call(ctx, method, args...)
				var raised *pickle.Exception
				if err != nil {
					require.ErrorAs(t, err, &raised, "%s.%s", typeid, method)
				}
			}
		}
		_, err = p.Value(ctx)
		if typeid == "list" || typeid == "dict" || typeid == "Namespace" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "Unserializable message")
		}
	}
}

// What a client would have got that died while it waited goes to the next one.
func TestPythonServerClientDies(t *testing.T) {
	ctx := t.Context()
	s := serveInGo(t, "unix", "", python3{minor: 13})
	connect := func() *process.PythonManager {
		m, err := process.ConnectPython(ctx, "unix", place(s.Addr()), []byte("key"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = m.Close() })
		return m
	}
	m := connect()
	q, err := m.Create(ctx, "jobs")
	require.NoError(t, err)
	lock, err := m.Create(ctx, "Lock")
	require.NoError(t, err)
	_, err = lock.Call(ctx, "acquire")
	require.NoError(t, err)
	for _, waiting := range []*process.PythonProxy{q, lock} {
		method := map[*process.PythonProxy]string{q: "get", lock: "acquire"}[waiting]
		given, giveUp := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { _, err := waiting.Call(given, method); done <- err }()
		giveUp()
		require.ErrorIs(t, <-done, context.Canceled)
	}
	_, err = q.Call(ctx, "put", "job")
	require.NoError(t, err)
	v, err := q.Call(ctx, "get")
	require.NoError(t, err)
	require.Equal(t, "job", v)
	_, err = lock.Call(ctx, "release")
	require.NoError(t, err)
	v, err = lock.Call(ctx, "acquire")
	require.NoError(t, err)
	require.Equal(t, true, v)
}

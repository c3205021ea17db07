package pipe_test

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/pipe"
)

// roleKey names the part that this binary plays when a test has started it
// again as another process.
const roleKey = "PIPE_TEST_ROLE"

var roles = map[string]func(){}

// benchRoles are the parts played in benchmarks, which do not always run.
var benchRoles = map[string]func(){}

// played notes the roles that tests asked for: one that nobody asks for any
// more is a mistake.
var played struct {
	sync.Mutex
	names []string
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleKey); role != "" {
		if play := roles[role]; play != nil {
			play()
		} else {
			benchRoles[role]()
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if n := pipe.EmulatedProcesses(); n > 0 {
			fmt.Fprintf(os.Stderr, "%d emulated processes were never forgotten\n", n)
			code = 1
		}
		if code == 0 && flag.Lookup("test.run").Value.String() == "" {
			for name := range roles {
				if !slices.Contains(played.names, name) {
					fmt.Fprintf(os.Stderr, "no test played the role %q\n", name)
					code = 1
				}
			}
		}
		os.Exit(code)
	}))
}

// A kind is a way to get two connected ends.
type kind struct {
	name string
	open func(t *testing.T) (a, b *pipe.Conn)
}

// plain hides what a net.Conn really is.
type plain struct{ net.Conn }

var kinds = []kind{
	{"socketpair", func(t *testing.T) (a, b *pipe.Conn) { return pair(t) }},
	{"unix", func(t *testing.T) (a, b *pipe.Conn) { return listenAndDial(t, "unix") }},
	{"tcp", func(t *testing.T) (a, b *pipe.Conn) { return listenAndDial(t, "tcp") }},
	{"netpipe", func(t *testing.T) (a, b *pipe.Conn) {
		x, y := net.Pipe()
		return fromConn(t, x), fromConn(t, y)
	}},
	{"netconn", func(t *testing.T) (a, b *pipe.Conn) {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		require.NoError(t, err)
		defer l.Close()
		x, err := net.Dial("unix", l.Addr().String())
		require.NoError(t, err)
		y, err := l.Accept()
		require.NoError(t, err)
		return fromConn(t, plain{x}), fromConn(t, plain{y})
	}},
}

// buffered are the kinds where a sender need not wait for the receiver.
var buffered = slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return k.name == "netpipe" })

// each runs a test over several kinds of connection.
func each(t *testing.T, kinds []kind, test func(t *testing.T, a, b *pipe.Conn)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			a, b := k.open(t)
			test(t, a, b)
		})
	}
}

func pair(t testing.TB, opts ...pipe.Option) (a, b *pipe.Conn) {
	t.Helper()
	a, b, err := pipe.New(t.Context(), opts...)
	require.NoError(t, err)
	closeAtEnd(t, a, b)
	return a, b
}

func oneWay(t testing.TB, opts ...pipe.Option) (r, w *pipe.Conn) {
	t.Helper()
	r, w, err := pipe.OneWay(t.Context(), opts...)
	require.NoError(t, err)
	closeAtEnd(t, r, w)
	return r, w
}

func listenAndDial(t testing.TB, network string, opts ...pipe.Option) (a, b *pipe.Conn) {
	t.Helper()
	l, err := pipe.Listen(t.Context(), network, "", opts...)
	require.NoError(t, err)
	defer l.Close()
	a, err = pipe.Dial(t.Context(), network, l.Addr().String(), opts...)
	require.NoError(t, err)
	b, err = l.Accept(t.Context())
	require.NoError(t, err)
	closeAtEnd(t, a, b)
	return a, b
}

func fromConn(t testing.TB, c net.Conn) *pipe.Conn {
	t.Helper()
	p, err := pipe.FromConn(c)
	require.NoError(t, err)
	closeAtEnd(t, p)
	return p
}

func closeAtEnd(t testing.TB, closers ...io.Closer) {
	t.Cleanup(func() {
		for _, c := range closers {
			_ = c.Close()
		}
	})
}

// pythonText is what CPython's exception would say.
func pythonText(t *testing.T, err error) string {
	t.Helper()
	var p interface{ PythonText() string }
	require.ErrorAs(t, err, &p, "%v", err)
	return p.PythonText()
}

// raises checks an error's text for Python, and that its own text is of this
// package.
func raises(t *testing.T, python string, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, python, pythonText(t, err))
	require.Regexp(t, `^(item \d+ of Wait: )?pipe: `, err.Error())
}

// later runs fn on another goroutine and returns what waits for it.
func later[T any](fn func() (T, error)) func() (T, error) {
	type result struct {
		v   T
		err error
	}
	c := make(chan result, 1)
	go func() {
		v, err := fn()
		c <- result{v, err}
	}()
	return func() (T, error) {
		r := <-c
		return r.v, r.err
	}
}

// eventually waits for something that only polling can see.
func eventually(t *testing.T, what func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !what(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "it never happened")
	}
}

// pattern returns n bytes that differ from their neighbours.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

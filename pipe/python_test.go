//go:build linux || darwin

package pipe_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
)

// pythons runs a test with every CPython that is installed; with -short with the
// first and the last one.
func pythons(t *testing.T, test func(t *testing.T, p python)) {
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "*", "bin", "python"))
	if p, err := exec.LookPath("python3"); err == nil && len(paths) == 0 {
		paths = []string{p}
	}
	var all []python
	for _, path := range paths {
		out, err := exec.Command(path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
		if err != nil {
			continue
		}
		all = append(all, python{path, strings.TrimSpace(string(out))})
	}
	if len(all) == 0 {
		t.Skip("no Python is installed; the goldens are checked without one")
	}
	minor := func(p python) int {
		major, minor, _ := strings.Cut(p.version, ".")
		x, _ := strconv.Atoi(major)
		y, _ := strconv.Atoi(minor)
		return x*1000 + y
	}
	slices.SortFunc(all, func(a, b python) int { return minor(a) - minor(b) })
	if testing.Short() && len(all) > 2 {
		all = []python{all[0], all[len(all)-1]}
	}
	for _, p := range all {
		t.Run(p.version, func(t *testing.T) { test(t, p) })
	}
}

type python struct{ path, version string }

// auth are the options for a peer that has the key.
func (p python) auth() []pipe.Option {
	opts := []pipe.Option{pipe.WithAuthKey([]byte("key"))}
	if p.legacy() {
		opts = append(opts, pipe.WithLegacyAuth())
	}
	return opts
}

// legacy reports whether a Python proves itself with MD5.
func (p python) legacy() bool {
	return slices.Contains(strings.Fields(handshakes["testdata/handshake_legacy.golden"]), p.version)
}

// run runs testdata/peer.py to its end.
func (p python) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(p.path, append([]string{"testdata/peer.py"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	return string(out)
}

// start starts testdata/peer.py.
func (p python) start(t *testing.T, file *os.File, args ...string) *bufio.Reader {
	t.Helper()
	cmd := exec.Command(p.path, append([]string{"testdata/peer.py"}, args...)...)
	cmd.Stderr = os.Stderr
	if file != nil {
		cmd.ExtraFiles = []*os.File{file}
	}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return bufio.NewReader(out)
}

func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	s, err := r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(s, "\n")
}

// echoes sends messages of all sizes to a Python that sends them back.
func echoes(t *testing.T, c *pipe.Conn, out *bufio.Reader) {
	t.Helper()
	ctx := context.Background()
	sizes := []int{0, 1, 4, 5, 4096, 16384, 16385, 70_000, 1 << 20}
	for _, n := range sizes {
		sent := later(func() (any, error) { return nil, c.SendBytes(ctx, pattern(n)) })
		got, err := c.RecvBytes(ctx)
		require.NoError(t, err)
		require.True(t, bytes.Equal(pattern(n), got), "%d bytes", n)
		_, err = sent()
		require.NoError(t, err)
	}
	require.NoError(t, c.Close())
	assert.Equal(t, "echoed "+strconv.Itoa(len(sizes)), line(t, out))
}

// A Python listens, we dial; the other way round is the next test.
func TestPythonListens(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		for _, network := range []string{"unix", "tcp"} {
			out := p.start(t, nil, "listen", network, "6b6579")
			c, err := pipe.Dial(t.Context(), network, line(t, out), p.auth()...)
			require.NoError(t, err)
			echoes(t, c, out)
		}
		out := p.start(t, nil, "listen", "unix", "-")
		c, err := pipe.Dial(t.Context(), "unix", line(t, out))
		require.NoError(t, err)
		echoes(t, c, out)

		out = p.start(t, nil, "listen", "unix", "6b6579")
		_, err = pipe.Dial(t.Context(), "unix", line(t, out), append(p.auth(), pipe.WithAuthKey([]byte("other")))...)
		assert.ErrorIs(t, err, pipe.ErrAuthentication)
		raises(t, "digest sent was rejected", err)
		assert.Equal(t, "AuthenticationError digest received was wrong", line(t, out))

		if p.version == "3.11" { // the older ones prove themselves as it does
			out = p.start(t, nil, "listen", "unix", "6b6579")
			_, err = pipe.Dial(t.Context(), "unix", line(t, out), pipe.WithAuthKey([]byte("key")))
			assert.ErrorContains(t, err, "pipe.WithLegacyAuth()")
			assert.Equal(t, "gone", line(t, out))
		}
	})
}

func TestPythonDials(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		for _, network := range []string{"unix", "tcp"} {
			l := listen(t, network, "", p.auth()...)
			out := p.start(t, nil, "dial", network, l.Addr().String(), "6b6579")
			echoes(t, accept(t, l), out)
			require.NoError(t, l.Close())
		}
		l := listen(t, "unix", "")
		out := p.start(t, nil, "dial", "unix", l.Addr().String(), "-")
		echoes(t, accept(t, l), out)

		var turned rejections
		l = listen(t, "unix", "", append(p.auth(), turned.option())...)
		out = p.start(t, nil, "dial", "unix", l.Addr().String(), "626164")
		assert.Equal(t, "AuthenticationError digest sent was rejected", line(t, out))
		raises(t, "digest received was wrong", turned.wait(t, 1)[0])

		if p.version == "3.11" { // the older ones prove themselves as it does
			var strict rejections
			l = listen(t, "unix", "", pipe.WithAuthKey([]byte("key")), strict.option())
			out = p.start(t, nil, "dial", "unix", l.Addr().String(), "6b6579")
			assert.Equal(t, "AuthenticationError digest sent was rejected", line(t, out))
			assert.ErrorContains(t, strict.wait(t, 1)[0], "pipe.WithLegacyAuth()")
		}
	})
}

// A Python inherits an end.
func TestPythonInherits(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		a, b := pair(t)
		end := inherit(t, b)
		out := p.start(t, end, "fd", "3")
		require.NoError(t, end.Close())
		require.NoError(t, b.Close())
		echoes(t, a, out)
	})
}

// The goldens are what the installed Pythons say.
func TestPythonAgreesWithTheGoldens(t *testing.T) {
	pythons(t, func(t *testing.T, p python) {
		for path, versions := range handshakes {
			if !slices.Contains(strings.Fields(versions), p.version) {
				continue
			}
			var challenges []string
			for _, line := range golden(t, path)[1:] {
				challenges = append(challenges, line[0])
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), p.run(t, append([]string{"handshake"}, challenges...)...))
		}
		var sizes []string
		for _, line := range golden(t, "testdata/wire.golden") {
			sizes = append(sizes, line[0])
		}
		want, err := os.ReadFile("testdata/wire.golden")
		require.NoError(t, err)
		assert.Equal(t, string(want), p.run(t, append([]string{"wire"}, sizes...)...))
	})
}

// What we put on the wire is what CPython puts there.
func TestWireGolden(t *testing.T) {
	for _, line := range golden(t, "testdata/wire.golden") {
		size, err := strconv.Atoi(line[0])
		require.NoError(t, err)
		c, other := rawPair(t)
		go func() {
			_ = c.SendBytes(t.Context(), pattern(size))
			_ = c.Close()
		}()
		got, err := io.ReadAll(other)
		require.NoError(t, err)
		sum := sha256.Sum256(got)
		assert.Equal(t, line[1:], []string{strconv.Itoa(len(got)), hex.EncodeToString(got[:min(len(got), 8)]), hex.EncodeToString(sum[:])})
	}
}

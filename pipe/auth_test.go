package pipe_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
)

func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

// AU-1, AU-2, AU-3, AU-5.
func TestHandshakeVectors(t *testing.T) {
	modern := append([]byte("{sha256}"), counting(40)...)
	for _, c := range []struct {
		message []byte
		answer  string
	}{
		{counting(20), "5b2709aec5bcecbd08bd1f92d77ecea1"},
		{modern, hex.EncodeToString([]byte("{sha256}")) + "05b37335205f51ff483146e965fdf576943e0e64675a64ceccba80b6704d76b8"},
	} {
		got, err := pipe.Respond([]byte("key"), c.message, true)
		require.NoError(t, err)
		assert.Equal(t, c.answer, hex.EncodeToString(got))
		assert.NoError(t, pipe.Verify([]byte("key"), c.message, got, true))
	}
	assert.NoError(t, pipe.Verify([]byte("key"), modern, unhex(t, "044b1f89b24a16c831a13039e4534300"), true), "an older Python's answer")
}

// AU-4. Python: OtherTest.test_deliver_challenge_auth_failure,
// test_answer_challenge_auth_failure, ChallengeResponseTest.test_challengeresponse.
func TestHandshakeErrors(t *testing.T) {
	key, message := []byte("key"), append([]byte("{sha256}"), counting(40)...)
	for _, c := range []struct{ response, python string }{
		{"something bogus", "unsupported message length, missing digest prefix, or unsupported digest: message=b'something bogus'"},
		{"{md4}" + string(counting(16)), `unsupported message length, missing digest prefix, or unsupported digest: message=b'{md4}\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f'`},
		{"{sha256", "unsupported message length, missing digest prefix, or unsupported digest: message=b'{sha256'"},
		{"", "unsupported message length, missing digest prefix, or unsupported digest: message=b''"},
		{"{sha256}short", "expected 'sha256' of length 32 got 5"},
		{"{sha256}" + strings.Repeat("x", 32), "digest received was wrong"},
		{"{md5}" + strings.Repeat("x", 16), "digest received was wrong"},
		{strings.Repeat("x", 16), "digest received was wrong"},
		{strings.Repeat("x", 20), "expected 'md5' of length 16 got 20"},
	} {
		err := pipe.Verify(key, message, []byte(c.response), true)
		assert.ErrorIs(t, err, pipe.ErrAuthentication)
		raises(t, c.python, err)
	}
	_, err := pipe.Respond(key, []byte("{sha1}"+string(counting(40))), true)
	assert.ErrorIs(t, err, pipe.ErrAuthentication)

	// The other side's words, played to Dial.
	for _, c := range []struct{ says, python string }{
		{"hello", "Protocol error, expected challenge: message=b'hello'"},
		{"#CHALLENGE#" + string(counting(19)), "challenge too short: {len(message)} bytes"},
		{"#CHALLENGE#" + string(counting(50)), "unsupported message length, missing digest prefix, or unsupported digest: message=" + pipe.PythonBytes(counting(50))},
	} {
		l := listen(t, "unix", "")
		dialed := later(func() (*pipe.Conn, error) {
			return pipe.Dial(t.Context(), "unix", l.Addr().String(), pipe.WithAuthKey(key))
		})
		s := accept(t, l)
		require.NoError(t, s.SendBytes(t.Context(), []byte(c.says)))
		_, err := dialed()
		assert.ErrorIs(t, err, pipe.ErrAuthentication)
		raises(t, c.python, err)
		require.NoError(t, l.Close())
	}
}

// A Listener that says that it believes us, and has no key itself, gets nothing.
func TestImpostor(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for name, answer := range map[string]string{
		"no answer":      "",
		"another key's":  "{sha256}" + strings.Repeat("x", 32),
		"a welcome":      "#WELCOME#",
		"what was asked": "echo",
	} {
		l := listen(t, "unix", "")
		dialed := later(func() (*pipe.Conn, error) {
			return pipe.Dial(ctx, "unix", l.Addr().String(), pipe.WithAuthKey([]byte("key")))
		})
		s := accept(t, l)
		require.NoError(t, s.SendBytes(ctx, []byte("#CHALLENGE#{sha256}"+string(counting(40)))))
		_, err := s.RecvBytes(ctx) // whatever it is, it will do
		require.NoError(t, err)
		require.NoError(t, s.SendBytes(ctx, []byte("#WELCOME#")))
		asked, err := s.RecvBytes(ctx)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(asked), "#CHALLENGE#"), name)
		if answer == "echo" {
			answer = strings.TrimPrefix(string(asked), "#CHALLENGE#")
		}
		require.NoError(t, s.SendBytes(ctx, []byte(answer)))
		_, err = dialed()
		assert.ErrorIs(t, err, pipe.ErrAuthentication, name)
		require.NoError(t, l.Close())
	}
}

func TestPythonBytes(t *testing.T) {
	assert.Equal(t, `b'a\x00\n\t\r\\\x7f\xff'`, pipe.PythonBytes([]byte("a\x00\n\t\r\\\x7f\xff")))
	assert.Equal(t, `b"it's"`, pipe.PythonBytes([]byte("it's")))
	assert.Equal(t, `b'"it\'s"'`, pipe.PythonBytes([]byte(`"it's"`)))
}

// MD5 counts only if it is asked for, on both sides.
func TestLegacyAuth(t *testing.T) {
	key, ours := []byte("key"), append([]byte("{sha256}"), counting(40)...)
	for _, challenge := range [][]byte{counting(20), append([]byte("{md5}"), counting(40)...)} {
		_, err := pipe.Respond(key, challenge, false)
		assert.ErrorIs(t, err, pipe.ErrAuthentication)
		assert.ErrorContains(t, err, "pipe.WithLegacyAuth()")
		answer, err := pipe.Respond(key, challenge, true)
		require.NoError(t, err)
		assert.NoError(t, pipe.Verify(key, challenge, answer, true))
		assert.ErrorContains(t, pipe.Verify(key, challenge, answer, false), "pipe.WithLegacyAuth()")
	}
	md5 := unhex(t, "044b1f89b24a16c831a13039e4534300")
	assert.ErrorIs(t, pipe.Verify(key, ours, md5, false), pipe.ErrAuthentication)
	assert.ErrorIs(t, pipe.Verify(key, ours, append([]byte("{md5}"), md5...), false), pipe.ErrAuthentication)
	assert.NoError(t, pipe.Verify(key, ours, append([]byte("{md5}"), md5...), true))
	for _, allowed := range []bool{false, true} {
		answer, err := pipe.Respond(key, ours, allowed)
		require.NoError(t, err)
		assert.NoError(t, pipe.Verify(key, ours, answer, false))
	}
	_, _, err := pipe.New(t.Context(), pipe.WithLegacyAuth())
	assert.ErrorContains(t, err, "WithLegacyAuth has no meaning for New")
}

// handshakes are the goldens and the versions that print them.
var handshakes = map[string]string{
	"testdata/handshake_legacy.golden": "2.7 3.6 3.7 3.8 3.9 3.10 3.11",
	"testdata/handshake_modern.golden": "3.12 3.13 3.14",
}

// golden reads lines of words.
func golden(t *testing.T, path string) (lines [][]string) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		lines = append(lines, strings.Fields(s.Text()))
	}
	return lines
}

// What CPython asks and answers, with and without CPython: our answers are its
// newest version's, and every version's answers are good enough for us.
func TestHandshakeGolden(t *testing.T) {
	key := []byte("key")
	for path := range handshakes {
		lines := golden(t, path)
		require.Len(t, lines, 5)
		challenge := unhex(t, lines[0][1])
		answer, err := pipe.Respond(key, challenge, true)
		require.NoError(t, err)
		assert.NoError(t, pipe.Verify(key, challenge, answer, true))
		for _, line := range lines[1:] {
			assert.NoError(t, pipe.Verify(key, unhex(t, line[0]), unhex(t, line[1]), true))
		}
	}
	for _, line := range golden(t, "testdata/handshake_modern.golden")[1:] {
		answer, err := pipe.Respond(key, unhex(t, line[0]), true)
		require.NoError(t, err)
		assert.Equal(t, line[1], hex.EncodeToString(answer))
	}
}

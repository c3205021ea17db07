package pipe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// The handshake is CPython's: each side proves to the other that it has the
// key, the listening side asks first. A question is challengePrefix and a
// message, the answer a keyed hash of that message, the verdict welcome or
// failure; each is one framed message of at most handshakeMessage bytes.
//
// Since 3.12 the message starts with "{sha256}", which names the hash, and so
// does the answer. A message of 20 bytes comes from an older Python: the answer
// is a bare HMAC-MD5. An older Python answers our message, prefix and all, with a
// bare HMAC-MD5 too.
const (
	challengePrefix = "#CHALLENGE#"
	welcome         = "#WELCOME#"
	failure         = "#FAILURE#"

	digestName       = "sha256"
	randomBytes      = 40
	handshakeMessage = 256

	legacyMessage = 20 // bytes of an older Python's message
	legacyAnswer  = md5.Size
)

var digests = map[string]func() hash.Hash{
	"md5":      md5.New,
	"sha256":   sha256.New,
	"sha384":   sha512.New384,
	"sha3_256": func() hash.Hash { return sha3.New256() },
	"sha3_384": func() hash.Hash { return sha3.New384() },
}

// longestDigest is the length of the longest name in digests.
const longestDigest = len("sha3_384")

// An AuthenticationError says why two ends did not come to trust each other. It
// matches [ErrAuthentication], and Err.
// Python: multiprocessing.AuthenticationError.
type AuthenticationError struct {
	// Reason says what happened, and what to look for.
	Reason string
	// Err is the failure of the connection behind it, such as io.EOF or one
	// that matches [ErrTimeout]; nil when the other side said something wrong.
	Err error

	python string
}

// Error returns the reason.
func (e *AuthenticationError) Error() string {
	text := "pipe: authentication failed: " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// PythonText returns CPython's text; "" where CPython raises another exception.
func (e *AuthenticationError) PythonText() string { return e.python }

// Unwrap returns ErrAuthentication and Err.
func (e *AuthenticationError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrAuthentication}
	}
	return []error{ErrAuthentication, e.Err}
}

func untrusted(python, reason string) error {
	return &AuthenticationError{Reason: reason, python: python}
}

// authenticate runs the handshake on c. Nothing else has been read from c.
func authenticate(ctx context.Context, c *Conn, key []byte, legacy, listening bool) error {
	if listening {
		if err := deliver(ctx, c, key, legacy); err != nil {
			return err
		}
		return answer(ctx, c, key, legacy)
	}
	if err := answer(ctx, c, key, legacy); err != nil {
		return err
	}
	return deliver(ctx, c, key, legacy)
}

// deliver asks the other side for a proof.
// Python: deliver_challenge.
func deliver(ctx context.Context, c *Conn, key []byte, legacy bool) error {
	message := make([]byte, randomBytes)
	_, _ = rand.Read(message) // never fails, and would end the program if it did
	message = append([]byte("{"+digestName+"}"), message...)
	if err := say(ctx, c, append([]byte(challengePrefix), message...)); err != nil {
		return err
	}
	response, err := hear(ctx, c, "no answer to the challenge came: the other side may have no key")
	if err != nil {
		return err
	}
	if err := verify(key, message, response, legacy); err != nil {
		_ = say(ctx, c, []byte(failure)) // the verdict stands whether it is heard or not
		return err
	}
	return say(ctx, c, []byte(welcome))
}

// answer proves to the other side that this one has the key.
// Python: answer_challenge.
func answer(ctx context.Context, c *Conn, key []byte, legacy bool) error {
	message, err := hear(ctx, c, "no challenge came: the other side may have no key")
	if err != nil {
		return err
	}
	question, ok := bytes.CutPrefix(message, []byte(challengePrefix))
	if !ok {
		text := "Protocol error, expected challenge: message=" + pythonBytes(message)
		return untrusted(text, "the other side began with something else than a challenge: it may have no key")
	}
	if len(question) < legacyMessage {
		return untrusted("challenge too short: {len(message)} bytes", fmt.Sprintf("the challenge has only %d bytes", len(question)))
	}
	response, err := respond(key, question, legacy)
	if err != nil {
		return err
	}
	if err := say(ctx, c, response); err != nil {
		return err
	}
	verdict, err := hear(ctx, c, "no verdict came")
	if err != nil {
		return err
	}
	if string(verdict) != welcome {
		return untrusted("digest sent was rejected", "the other side has another key")
	}
	return nil
}

// respond makes the answer to a challenge.
func respond(key, message []byte, legacy bool) ([]byte, error) {
	name, _, err := splitDigest(message)
	if err != nil {
		return nil, err
	}
	if err := modern(name, legacy); err != nil {
		return nil, err
	}
	if name == "" {
		return mac("md5", key, message), nil
	}
	return append([]byte("{"+name+"}"), mac(name, key, message)...), nil
}

// verify checks an answer to our challenge.
func verify(key, message, response []byte, legacy bool) error {
	name, got, err := splitDigest(response)
	if err != nil {
		return err
	}
	if err := modern(name, legacy); err != nil {
		return err
	}
	if name == "" {
		name = "md5"
	}
	want := mac(name, key, message)
	if len(got) != len(want) {
		return untrusted(fmt.Sprintf("expected '%s' of length %d got %d", name, len(want), len(got)),
			fmt.Sprintf("the answer has %d bytes where %s has %d", len(got), name, len(want)))
	}
	if !hmac.Equal(got, want) {
		return untrusted("digest received was wrong", "the other side has another key")
	}
	return nil
}

// modern refuses MD5, which is what a Python up to 3.11 proves itself with, unless
// it is asked for.
func modern(name string, legacy bool) error {
	if legacy || name != "" && name != "md5" {
		return nil
	}
	return untrusted("", "the other side proves itself with MD5, as Python up to 3.11 does; pipe.WithLegacyAuth() accepts that")
}

// splitDigest takes the "{name}" off a message or an answer. The name is empty
// for what only an older Python sends, which has no prefix.
func splitDigest(b []byte) (name string, rest []byte, err error) {
	if len(b) == legacyMessage || len(b) == legacyAnswer {
		return "", b, nil
	}
	if len(b) > 0 && b[0] == '{' {
		head := string(b[1:min(len(b), longestDigest+2)])
		if name, _, ok := strings.Cut(head, "}"); ok && digests[name] != nil {
			return name, b[len(name)+2:], nil
		}
	}
	text := "unsupported message length, missing digest prefix, or unsupported digest: message=" + pythonBytes(b)
	return "", nil, untrusted(text, "the other side uses a hash that this one does not know")
}

func mac(name string, key, message []byte) []byte {
	h := hmac.New(digests[name], key)
	h.Write(message)
	return h.Sum(nil)
}

func say(ctx context.Context, c *Conn, message []byte) error {
	if err := c.SendBytes(ctx, message); err != nil {
		return &AuthenticationError{Reason: "the connection broke", Err: err}
	}
	return nil
}

func hear(ctx context.Context, c *Conn, missing string) ([]byte, error) {
	message, err := c.RecvBytes(ctx, WithMaxLength(handshakeMessage))
	switch {
	case errors.Is(err, ErrTimeout), errors.Is(err, io.EOF):
		return nil, &AuthenticationError{Reason: missing, Err: err}
	case err != nil:
		return nil, &AuthenticationError{Reason: "the connection broke", Err: err}
	}
	return message, nil
}

// pythonBytes writes b as Python's repr does.
func pythonBytes(b []byte) string {
	quote := byte('\'')
	if bytes.IndexByte(b, '\'') >= 0 && bytes.IndexByte(b, '"') < 0 {
		quote = '"'
	}
	out := []byte{'b', quote}
	for _, c := range b {
		switch {
		case c == quote || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c < 0x20 || c > 0x7e:
			out = fmt.Appendf(out, `\x%02x`, c)
		default:
			out = append(out, c)
		}
	}
	return string(append(out, quote))
}

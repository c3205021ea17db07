package process

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"

	"github.com/pygil/pygil/pipe/pickle"
)

// defaultName is the name Python gives: Process-3, and Process-3:1 for that
// one's first child.
func defaultName(identity []int) string {
	parts := make([]string, len(identity))
	for i, n := range identity {
		parts[i] = fmt.Sprint(n)
	}
	return "Process-" + strings.Join(parts, ":")
}

// An AuthKey is the secret by which processes of one family recognise each
// other: 32 random bytes, made in the first process and inherited by every child
// over its pipe, never by arguments or environment. It can be given to
// pipe.WithAuthKey as it is. It refuses to be sent, so that it does not leave by
// accident; []byte(key) can be sent on purpose.
// Python: multiprocessing.process.AuthenticationString.
type AuthKey []byte

// Reduce refuses. It implements pickle.Reducer.
func (AuthKey) Reduce() (any, error) {
	const python = "Pickling an AuthenticationString object is disallowed for security reasons"
	return nil, invalid(python, "an AuthKey is not sent, for security reasons: a child inherits it; send []byte(key) if it has to be")
}

// String hides the key from logs.
func (AuthKey) String() string { return "AuthKey(…)" }

// GoString hides the key from %#v too.
func (k AuthKey) GoString() string { return k.String() }

// freshKey is the key of a process that nobody started.
var freshKey = sync.OnceValue(func() AuthKey {
	key := make(AuthKey, 32)
	_, _ = rand.Read(key) // it never fails
	return key
})

func init() {
	pickle.RegisterReducer(func([]byte) (AuthKey, error) {
		return nil, invalid("", "an AuthKey arrived in a message: it is not sent")
	}, "process.AuthKey")
}

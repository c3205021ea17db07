package pickle_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type pair[A, B any] struct {
	First  A
	Second B
}

func message(t *testing.T, v any) []byte {
	t.Helper()
	data, err := pickle.Marshal(v)
	require.NoError(t, err)
	return data
}

// The default name is the package path and the type's name; a given one replaces
// it, in whatever order the two calls come.
func TestRegisterNames(t *testing.T) {
	type first struct{ A int }
	type second struct{ A int }
	pickle.Register[first]()
	assert.Contains(t, string(message(t, first{})), "github.com/pygil/pygil/pipe/pickle_test.first")
	pickle.Register[first]("given.first")
	assert.Contains(t, string(message(t, first{})), "given.first")
	assert.NotContains(t, string(message(t, first{})), "pickle_test")
	pickle.Register[first]()
	pickle.Register[first]("given.first")
	assert.Contains(t, string(message(t, first{})), "given.first")
	pickle.Register[second]("given.second")
	pickle.Register[second]()
	assert.Contains(t, string(message(t, second{})), "given.second")

	assert.PanicsWithValue(t, `pickle: Register: pickle_test.first is registered as "given.first" and cannot be "other" too`,
		func() { pickle.Register[first]("other") })
	assert.PanicsWithValue(t, `pickle: Register: the name "given.first" stands for pickle_test.first and cannot stand for pickle_test.stranger too; give one of them a name of its own`,
		func() { pickle.Register[stranger]("given.first") })
	for _, f := range []func(){
		func() { pickle.Register[func()]() },
		func() { pickle.Register[chan int]("c") },
		func() { pickle.Register[*func()]() },
		func() { pickle.Register[stranger]("") },
		func() { pickle.Register[stranger](strings.Repeat("x", 1025)) },
		func() { pickle.Register[stranger]("a", "b") },
	} {
		assert.Panics(t, f)
	}
	_, err := pickle.Marshal(stranger{})
	assert.ErrorContains(t, err, "would not know the type", "a refused registration leaves no trace")
	// The first name is free again, and the type still has its own.
	type third struct{ B string }
	pickle.Register[third]("github.com/pygil/pygil/pipe/pickle_test.first")
	roundTrip(t, []any{first{1}, second{2}, third{"3"}})
}

// Register[*T], Register[[]T] and so on register T; built-in types need nothing.
func TestRegisterParts(t *testing.T) {
	type a struct{ X int }
	type b struct{ X int }
	type c struct{ X int }
	type d struct{ X int }
	pickle.Register[*a]()
	pickle.Register[map[b][]*c]()
	pickle.Register[**d]("d")
	pickle.Register[int]()
	pickle.Register[any]()
	pickle.Register[[]map[string]time.Time]()
	pickle.Register[pair[int, []string]]()
	pickle.Register[pair[a, *b]]()
	pickle.Register[struct {
		Name string
		Of   a
	}]()
	roundTrip(t, []any{
		a{1},
		&b{2},
		[]c{{3}},
		map[d]int{{4}: 1},
		pair[int, []string]{1, []string{"x"}},
		pair[a, *b]{a{1}, &b{2}},
		struct {
			Name string
			Of   a
		}{"n", a{1}},
	})
}

// A type may be registered after a message was refused because of it.
func TestRegisterLate(t *testing.T) {
	type late struct{ X int }
	_, err := pickle.Marshal([]late{{1}})
	require.ErrorContains(t, err, "pickle.Register[pickle_test.late]()")
	data := message(t, []any{1})
	pickle.Register[late]()
	roundTrip(t, []late{{1}})
	_, err = pickle.Unmarshal(data)
	require.NoError(t, err)
}

// Two programs that built a type from different sources notice.
func TestStructureIsChecked(t *testing.T) {
	old := func() []byte {
		type order struct {
			ID    int
			Price float64
		}
		pickle.Register[order]("shop.order")
		data := message(t, order{1, 2})
		return data
	}()
	// The other program's type is one that has the same name: the name's bytes
	// are exchanged for those of another type of the same length.
	type order2 struct {
		ID    int
		Price float32
	}
	type order3 struct {
		Price float64
		ID    int
	}
	type order4 struct {
		ID    int
		Price float64
		Extra *order4 `pickle:"-"`
	}
	pickle.Register[order2]("shop.ord_2")
	pickle.Register[order3]("shop.ord_3")
	pickle.Register[order4]("shop.ord_4")
	for _, name := range []string{"shop.ord_2", "shop.ord_3"} {
		_, err := pickle.Unmarshal(bytes.Replace(old, []byte("shop.order"), []byte(name), 1))
		assert.ErrorContains(t, err, "made of other fields than the receiver's; build both from the same source")
	}
	got, err := pickle.Unmarshal(bytes.Replace(old, []byte("shop.order"), []byte("shop.ord_4"), 1))
	require.NoError(t, err, "what stays behind is no difference")
	assert.Equal(t, order4{ID: 1, Price: 2}, got)
}

func TestFingerprint(t *testing.T) {
	before := pickle.Fingerprint()
	assert.Equal(t, before, pickle.Fingerprint())
	type newcomer struct{ X int }
	pickle.Register[newcomer]("newcomer")
	after := pickle.Fingerprint()
	assert.NotEqual(t, before, after)
	pickle.Register[newcomer]()
	assert.Equal(t, after, pickle.Fingerprint())
	pickle.RegisterError("pickle_test.errLate", fmt.Errorf("late"))
	assert.NotEqual(t, after, pickle.Fingerprint())
}

// Registering and sending at the same time, from many goroutines.
func TestRegisterConcurrently(t *testing.T) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				pickle.Register[point]()
				pickle.Register[pair[string, float64]]()
				data, err := pickle.Marshal([]any{point{1, 2}, &pair[string, float64]{"x", 1}, map[string][3]uint16{"a": {1}}})
				assert.NoError(t, err)
				_, err = pickle.Unmarshal(data)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
}

// A registered type's own marshal methods carry it, and only then.
func TestMarshalMethods(t *testing.T) {
	type server struct {
		Addr netip.Prefix
		URL  *url.URL
	}
	pickle.Register[server]()
	u, err := url.Parse("https://user:pw@example.com/a?b=c#d")
	require.NoError(t, err)
	v := server{netip.MustParsePrefix("fe80::/10"), u}
	_, err = pickle.Marshal(v)
	require.ErrorContains(t, err, "pickle.Register[netip.Prefix]() lets its own marshal methods carry it")
	pickle.Register[netip.Prefix]()
	pickle.Register[*url.URL]()
	got := roundTrip(t, []any{v, &v}).([]any)
	assert.Equal(t, v.Addr, got[0].(server).Addr)
	assert.Equal(t, u.String(), got[0].(server).URL.String())

	data := message(t, v.Addr)
	data[len(data)-18] = 3 // 17 bytes make a prefix, 3 do not
	data = data[:len(data)-14]
	_, err = pickle.Unmarshal(data)
	assert.Error(t, err)
}

type dual struct{ text string }

func (d dual) GobEncode() ([]byte, error) { return []byte(d.text), nil }

func (d *dual) GobDecode(data []byte) error {
	switch d.text = string(data); d.text {
	case "bad":
		return fmt.Errorf("no %s", d.text)
	case "panic":
		panic("on purpose")
	}
	return nil
}

type embedding struct {
	dual
	Other int
}

type embeddingTime struct {
	time.Time
	Name string
}

func init() { pickle.Register[dual]() }

func TestGobMethods(t *testing.T) {
	roundTrip(t, []any{dual{"x"}, &dual{"y"}, map[string]dual{"k": {"z"}}})
	_, err := pickle.Unmarshal(message(t, dual{"bad"}))
	assert.ErrorContains(t, err, "its unmarshal method says: no bad")
	_, err = pickle.Unmarshal(message(t, dual{"panic"}))
	assert.ErrorContains(t, err, "its unmarshal method panicked: on purpose")
}

// A method that an embedded field brings speaks for the field only; used for the
// whole, it would lose the rest.
func TestEmbeddedMethodsDoNotSpeak(t *testing.T) {
	pickle.Register[embedding]()
	pickle.Register[embeddingTime]()
	_, err := pickle.Marshal(embedding{dual{"x"}, 1})
	assert.ErrorContains(t, err, "its field dual is unexported")
	v := embeddingTime{time.Now().Round(0), "n"}
	got := roundTrip(t, v).(embeddingTime)
	assert.Equal(t, "n", got.Name)
}

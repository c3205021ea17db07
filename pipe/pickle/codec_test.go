package pickle_test

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type order struct {
	ID    int64
	Lines []line
	Notes map[string]string
	When  time.Time
	Total *big.Int
	Free  any
}

type line struct {
	Article string
	Count   uint16
}

func init() {
	pickle.Register[order]()
	pickle.Register[line]()
	pickle.Register[pair[string, int]]()
	pickle.Register[netip.Addr]()
}

var codecs = []pickle.Codec{pickle.Native, pickle.Gob, pickle.JSON}

// What all three codecs have a form for comes back the same through each.
func TestCodecs(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec.String(), func(t *testing.T) {
			for _, v := range []any{
				nil, 1, int8(-1), uint64(math.MaxUint64), 1.5, "text", true,
				[]int{1, 2},
				[]string{"a"},
				map[string]int{"a": 1},
				[]byte("bytes"),
				[]any{"x", 1.5, true},
				map[string]any{"k": []any{"v"}},
				point{1, 2},
				pair[string, int]{"a", 1},
				time.Date(2024, 1, 2, 3, 4, 5, 6, time.UTC),
				order{1, []line{{"nut", 2}}, map[string]string{"a": "b"}, time.Unix(1, 2).UTC(), big.NewInt(-5), "free"},
				netip.MustParseAddr("10.0.0.1"), time.Second,
			} {
				data, err := codec.Append([]byte("head"), v)
				require.NoError(t, err, "%T", v)
				require.Equal(t, "head", string(data[:4]))
				got, err := codec.Unmarshal(data[4:])
				require.NoError(t, err, "%T", v)
				assert.Empty(t, difference(v, got), "%T", v)
			}
			data, err := codec.Append(nil, []int{1, 2})
			require.NoError(t, err)
			var into []int64
			require.NoError(t, codec.UnmarshalInto(data, &into))
			assert.Equal(t, []int64{1, 2}, into)
			var s string
			assert.Error(t, codec.UnmarshalInto(data, &s))
			assert.Error(t, codec.UnmarshalInto(data, s))
			assert.Error(t, codec.UnmarshalInto(data[:len(data)-1], &into))
			assert.Equal(t, []int64{1, 2}, into)
			_, err = codec.Unmarshal(data, pickle.WithMaxSize(3))
			assert.ErrorContains(t, err, "longer than WithMaxSize allows")
			_, err = codec.Append(nil, "0123456789", pickle.WithMaxSize(3))
			assert.ErrorContains(t, err, "longer than WithMaxSize allows")
		})
	}
}

// The adapters refuse what their encoders would lose, or die of.
func TestCodecsRefuse(t *testing.T) {
	self := []any{nil}
	self[0] = self
	dict := map[string]any{}
	dict["me"] = dict
	ringed := &node{Value: 1}
	ringed.Next = ringed
	doubled := []any{}
	for range 40 {
		doubled = []any{doubled, doubled}
	}
	deep := nest["list"](20_000)
	for name, v := range map[string]any{
		"list in itself": self, "map in itself": dict, "node": ringed, "2^40 lists": doubled, "deep": deep,
		"func": caller{"n", func() {}}, "chan": []any{talker{make(chan int)}}, "unexported": secretive{"n", 1},
		"unregistered": stranger{1}, "unregistered in a list": []any{stranger{1}}, "error": errors.New("x"),
	} {
		for _, codec := range codecs[1:] {
			out, err := codec.Append([]byte("x"), v)
			assert.Error(t, err, "%s %s", codec, name)
			assert.Equal(t, "x", string(out))
			var perr *pickle.Error
			assert.ErrorAs(t, err, &perr)
			switch name {
			case "list in itself", "map in itself", "node":
				assert.ErrorContains(t, err, "contains itself")
			}
		}
	}
	for name, v := range map[string]any{
		"int in a list": []any{1}, "struct in a list": []any{point{}}, "NaN": math.NaN(), "not UTF-8": "\xff", "as a key": map[string]int{"\xff": 1},
		"interface": drawing{"d", point{1, 2}, nil},
	} {
		_, err := pickle.JSON.Append(nil, v)
		assert.Error(t, err, name)
	}
	_, err := pickle.JSON.Append(nil, order{Free: []any{"x", 1}})
	assert.EqualError(t, err, "pickle: cannot pickle 'interface {}' object at order.Free[1]: JSON would forget that there is a value of type int in it; give the place that type")
	_, err = pickle.Gob.Append(nil, &order{Free: func() {}})
	assert.ErrorContains(t, err, "at order.Free: a function cannot leave its process")
}

// Whatever comes in, an adapter answers with an error.
func TestCodecsHostile(t *testing.T) {
	for _, codec := range codecs {
		good, err := codec.Append(nil, order{ID: 1, Lines: []line{{"a", 1}}, Total: big.NewInt(7)})
		require.NoError(t, err)
		for i := range good {
			_, err := codec.Unmarshal(good[:i])
			assert.Error(t, err)
			for _, b := range []byte{0, 0xff, good[i] + 1} {
				bad := bytes.Clone(good)
				bad[i] = b
				_, _ = codec.Unmarshal(bad)
			}
		}
	}
	for _, text := range []string{
		`{"type":"[60000000]uint8","value":[]}`, `{}`, `{"type":""}`, `{"type":"int","value":"x"}`, `{"type":"[]","value":[]}`, `{"type":"[x]int","value":[]}`, `{"type":"[-1]int","value":[]}`,
		`{"type":"[99999999999]int","value":[]}`, `{"type":"[4","value":[]}`, `{"type":"map[int","value":{}}`, `{"type":"map[[]int]int","value":{}}`,
		`{"type":"map[int]","value":{}}`, `{"type":"map[","value":{}}`, `{"type":"*","value":1}`, `{"type":"int int","value":1}`, `{"type":"\"x","value":1}`,
		`{"type":"\"nobody\"","value":1}`, `{"type":"nobody","value":1}`, `{"type":"int8","value":300}`, `{"type":"` + string(bytes.Repeat([]byte("*"), 100)) + `int","value":null}`,
	} {
		_, err := pickle.JSON.Unmarshal([]byte(text))
		assert.Error(t, err, text)
	}
}

// JSON messages are there to be read.
func TestJSONText(t *testing.T) {
	pickle.Register[pair[int, bool]]()
	pickle.Register[pair[int8, bool]]("int")
	for _, c := range []struct {
		v    any
		text string
	}{
		{[]int{1}, `{"type":"[]int","value":[1]}`},
		{map[string]*[2]any{"a": nil}, `{"type":"map[string]*[2]any","value":{"a":null}}`},
		{line{"a", 1}, `{"type":"github.com/pygil/pygil/pipe/pickle_test.line","value":{"Article":"a","Count":1}}`},
		{nil, `{"type":"nil","value":null}`},
		{pair[int, bool]{1, true}, `{"type":"\"github.com/pygil/pygil/pipe/pickle_test.pair[int,bool]\"","value":{"First":1,"Second":true}}`},
		{pair[int8, bool]{1, true}, `{"type":"\"int\"","value":{"First":1,"Second":true}}`},
		{map[string]struct{}{"a": {}}, `{"type":"map[string]struct{}","value":{"a":{}}}`},
		{time.Unix(0, 0).UTC(), `{"type":"time.Time","value":"1970-01-01T00:00:00Z"}`},
	} {
		data, err := pickle.JSON.Append(nil, c.v)
		require.NoError(t, err)
		assert.Equal(t, c.text, string(data))
		got, err := pickle.JSON.Unmarshal(data)
		require.NoError(t, err)
		assert.Empty(t, difference(c.v, got))
	}
}

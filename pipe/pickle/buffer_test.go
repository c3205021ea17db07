package pickle_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type blobs struct {
	Small, Large []byte
	Named        page
}

type page []byte

func init() {
	pickle.Register[blobs]()
	pickle.Register[page]()
}

// Large byte slices travel beside the message: neither side copies them.
func TestBuffers(t *testing.T) {
	large := bytes.Repeat([]byte{7}, pickle.DefaultBufferMin)
	just := large[: pickle.DefaultBufferMin-1 : pickle.DefaultBufferMin-1]
	named := page(bytes.Repeat([]byte{8}, 100_000))
	v := []any{large, bytes.Clone(just), large, &blobs{[]byte("s"), nil, named}, named, [1]byte{}}
	var bufs pickle.Buffers
	data, err := pickle.Marshal(v, pickle.WithBuffers(&bufs))
	require.NoError(t, err)
	require.Len(t, bufs.List, 2)
	assert.Same(t, &large[0], &bufs.List[0][0])
	assert.Same(t, &named[0], &bufs.List[1][0])
	assert.Less(t, len(data), pickle.DefaultBufferMin+1000)

	x, err := pickle.Unmarshal(data, pickle.WithBuffers(&bufs))
	require.NoError(t, err)
	got := x.([]any)
	assert.Empty(t, difference(v, got))
	assert.Same(t, &large[0], &got[0].([]byte)[0])
	assert.Same(t, &named[0], &got[4].(page)[0])

	n := allocated(func() {
		_, err = pickle.Marshal(large, pickle.WithBuffers(new(pickle.Buffers)))
		require.NoError(t, err)
	})
	assert.Less(t, n, uint64(10_000))
}

func TestBufferMistakes(t *testing.T) {
	v := [][]byte{make([]byte, 20), make([]byte, 30), make([]byte, 5)}
	bufs := pickle.Buffers{Min: 10}
	data, err := pickle.Marshal(v, pickle.WithBuffers(&bufs))
	require.NoError(t, err)
	require.Len(t, bufs.List, 2)
	for _, c := range []struct {
		list   [][]byte
		reason string
	}{
		{nil, "a buffer beside it that did not come"},
		{bufs.List[:1], "a buffer beside it that did not come"},
		{[][]byte{v[1], v[0]}, "has 30 bytes and should have 20"},
		{[][]byte{v[0], v[1], v[2]}, "uses 2 of the 3 buffers"},
		{[][]byte{v[0], nil}, "has 0 bytes and should have 30"},
	} {
		_, err := pickle.Unmarshal(data, pickle.WithBuffers(&pickle.Buffers{List: c.list}))
		assert.ErrorContains(t, err, c.reason)
	}
	_, err = pickle.Unmarshal(data)
	assert.ErrorContains(t, err, "decode it WithBuffers")

	// A refused message takes back the buffers it added.
	_, err = pickle.Marshal([]any{make([]byte, 50), func() {}}, pickle.WithBuffers(&bufs))
	assert.Error(t, err)
	assert.Len(t, bufs.List, 2)
}

// WithAliasing makes a large slice a part of the message, a small one a copy.
func TestAliasing(t *testing.T) {
	v := [][]byte{bytes.Repeat([]byte("x"), 4<<10), []byte("small")}
	data := message(t, v)
	x, err := pickle.Unmarshal(data, pickle.WithAliasing())
	require.NoError(t, err)
	got := x.([][]byte)
	assert.Equal(t, v, got)
	assert.Equal(t, len(got[0]), cap(got[0]))
	at := bytes.Index(data, []byte("xxx"))
	data[at] = 'X'
	assert.Equal(t, byte('X'), got[0][0])
	data[bytes.Index(data, []byte("small"))] = 'S'
	assert.Equal(t, "small", string(got[1]))

	x, err = pickle.Unmarshal(data)
	require.NoError(t, err)
	data[at] = 'y'
	assert.Equal(t, byte('X'), x.([][]byte)[0][0], "without the option nothing of the message is kept")
}

// A head and its bytes are the message of a []byte.
func TestAppendHead(t *testing.T) {
	for _, n := range []int{1, 2, 127, 128, 70_000, 1 << 21} {
		b := make([]byte, n)
		b[n-1] = 7
		want, err := pickle.Marshal(b)
		require.NoError(t, err)
		assert.Equal(t, want, append(pickle.AppendHead(nil, b), b...))
	}
}

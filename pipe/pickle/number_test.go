package pickle_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// Numbers of every length, next to each other and at every distance from the end of the
// message: several bytes of them are read at once, and the last ones are not.
func TestIntegersOfEveryLength(t *testing.T) {
	var all []int64
	for shift := range 64 {
		all = append(all, 1<<shift, 1<<shift-1, -1<<shift, 1<<shift+1, math.MinInt64>>shift, math.MaxInt64>>shift)
	}
	for n := range 12 {
		for first := 0; first+n <= len(all); first += 7 {
			checkIntegers(t, all[first:first+n])
		}
	}
	checkIntegers(t, all)
}

func checkIntegers(t *testing.T, in []int64) {
	t.Helper()
	unsigned, short := make([]uint64, len(in)), make([]int16, len(in))
	for i, n := range in {
		unsigned[i], short[i] = uint64(n), int16(n)
	}
	integersTravel(t, in)
	integersTravel(t, unsigned)
	integersTravel(t, short)
}

func integersTravel[T any](t *testing.T, in []T) {
	t.Helper()
	data, err := pickle.Marshal(in)
	require.NoError(t, err)
	var out []T
	require.NoError(t, pickle.UnmarshalInto(data, &out))
	require.Equal(t, in, out)
	for cut := range data {
		require.Error(t, pickle.UnmarshalInto(data[:cut], &out))
	}
}

// A number that its type does not hold is refused wherever it stands, and so is one of
// more than 64 bits.
func TestIntegersThatDoNotFit(t *testing.T) {
	const int16s, uint16s = 0x04, 0x09
	for _, kind := range []byte{int16s, uint16s} {
		for _, number := range [][]byte{
			{0x80, 0x80, 0x08},
			{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
			{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
			{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02},
		} {
			for behind := range 12 {
				data := append([]byte{0xe1, 0x1e, kind, byte(behind) + 7}, 1, 1)
				data = append(append(data, number...), make([]byte, behind)...)
				_, err := pickle.Unmarshal(data)
				require.Error(t, err)
				require.Contains(t, err.Error(), map[bool]string{true: "more than 64 bits", false: "does not fit"}[len(number) == 10])
			}
		}
	}
}

// WithReuse, numbers are written where the variable's slice has room for them, and only
// there.
func TestReuse(t *testing.T) {
	memory := [8]int{1, 2, 3, 4, 5, 6, 7, 8}
	into := func(v any, out *[]int, opts ...pickle.Option) error {
		data, err := pickle.Marshal(v)
		require.NoError(t, err)
		return pickle.UnmarshalInto(data, out, opts...)
	}
	out := memory[2:2:5]
	require.NoError(t, into([]int{-1, -2, -3}, &out, pickle.WithReuse()))
	require.Equal(t, []int{-1, -2, -3}, out)
	require.Same(t, &memory[2], &out[0])
	require.Equal(t, [8]int{1, 2, -1, -2, -3, 6, 7, 8}, memory)

	require.NoError(t, into([]int{11, 12}, &out))
	require.NotSame(t, &memory[2], &out[0], "nobody has allowed it")

	out = memory[2:5:5]
	require.NoError(t, into([]int{21, 22, 23, 24}, &out, pickle.WithReuse()))
	require.Equal(t, []int{21, 22, 23, 24}, out, "there is no room")
	require.NoError(t, into([]int8{31}, &out, pickle.WithReuse()))
	require.Equal(t, []int{31}, out, "of another type")
	require.Equal(t, [8]int{1, 2, -1, -2, -3, 6, 7, 8}, memory)

	out = memory[2:5]
	require.NoError(t, into([]int(nil), &out, pickle.WithReuse()))
	require.Nil(t, out)
	out = memory[2:5]
	require.NoError(t, into([]int{}, &out, pickle.WithReuse()))
	require.NotNil(t, out)
	require.Empty(t, out)
	out = memory[2:5]
	require.Error(t, into("text", &out, pickle.WithReuse()))
	require.Equal(t, memory[2:5], out)

	texts := []string{"a", "b"}
	old := texts
	data, err := pickle.Marshal([]string{"c"})
	require.NoError(t, err)
	require.NoError(t, pickle.UnmarshalInto(data, &texts, pickle.WithReuse()))
	require.Equal(t, []string{"c"}, texts)
	require.Equal(t, []string{"a", "b"}, old, "only numbers are overwritten")
}

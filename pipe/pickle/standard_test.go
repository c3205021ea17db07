package pickle_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// A time arrives as the same instant with the same name and offset of its zone,
// and with the zone's rules where the receiver has them.
func TestTime(t *testing.T) {
	instant := time.Date(2024, 7, 1, 12, 30, 15, 987654321, time.UTC)
	for name, l := range map[string]*time.Location{
		"utc": time.UTC, "local": time.Local, "fixed": time.FixedZone("HERE", 5*3600+1800), "no name": time.FixedZone("", -3600),
		"a fixed zone with a famous name": time.FixedZone("CET", 3600), "odd": time.FixedZone("odd", -86399),
	} {
		t.Run(name, func(t *testing.T) {
			for _, want := range []time.Time{instant.In(l), instant.AddDate(0, -6, 0).In(l)} {
				got := roundTrip(t, want).(time.Time)
				assert.Equal(t, want.String(), got.String())
				// The rules: half a year later the offset still is the same.
				a, b := want.AddDate(0, 6, 0), got.AddDate(0, 6, 0)
				assert.Equal(t, a.String(), b.String())
			}
		})
	}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "EST5EDT", "CET", "Africa/Abidjan", "Etc/GMT+5"} {
		l, err := time.LoadLocation(name)
		require.NoError(t, err)
		want := instant.In(l)
		got := roundTrip(t, want).(time.Time)
		for months := range 24 {
			require.Equal(t, want.AddDate(0, -months, 0).String(), got.AddDate(0, -months, 0).String(), name)
		}
		again := roundTrip(t, want).(time.Time)
		assert.Same(t, got.Location(), again.Location(), "a zone is read once")
		first := roundTrip(t, time.Date(1880, 1, 1, 0, 0, 0, 0, l)).(time.Time)
		assert.True(t, time.Date(1880, 1, 1, 0, 0, 0, 0, l).Equal(first))
	}
	// Equality with == for what has no location of its own.
	for _, want := range []time.Time{{}, instant, time.Now().Round(0), time.Unix(math.MaxInt64, 999999999), time.Unix(math.MinInt64, 0).UTC()} {
		assert.True(t, want == roundTrip(t, want).(time.Time), "%v", want)
	}
	// A monotonic reading means nothing in another process.
	now := time.Now()
	assert.True(t, now.Round(0) == roundTrip(t, now).(time.Time))
	roundTrip(t, struct0{now, []time.Time{now, {}}, map[time.Time]int{instant: 1}, &instant})
}

type struct0 struct {
	T  time.Time
	Ts []time.Time
	M  map[time.Time]int
	P  *time.Time
}

func init() { pickle.Register[struct0]() }

// A zone that the receiver does not have, or whose rules have changed, keeps the
// name and the offset of the instant.
func TestUnknownZone(t *testing.T) {
	l, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	data := message(t, time.Date(2024, 7, 1, 12, 0, 0, 0, l))
	for _, name := range []string{"Europe/Nixxxx", "../../etc/pas", "Europe/London", "Africa/Tripoli"} {
		changed := []byte(string(data[:len(data)-len("Europe/Berlin")]) + name)
		changed[len(data)-len("Europe/Berlin")-1] = byte(len(name))
		got, err := pickle.Unmarshal(changed)
		require.NoError(t, err)
		assert.Equal(t, "2024-07-01 12:00:00 +0200 CEST", got.(time.Time).String())
	}
	_, err = pickle.Marshal(time.Now().In(time.FixedZone(string(make([]byte, 300)), 1)))
	assert.ErrorContains(t, err, "zone is too long")
}

func TestHostileTimes(t *testing.T) {
	for _, data := range [][]byte{
		{0xe1, 0x14, 0, 0x80, 0x94, 0xeb, 0xdc, 0x03, 0}, // 1e9 nanoseconds
		{0xe1, 0x14, 0, 0, 4},                            // a fifth kind of zone
		append([]byte{0xe1, 0x14, 0, 0, 2, 0}, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
		{0xe1, 0x14, 0, 0, 3, 0, 0},
	} {
		_, err := pickle.Unmarshal(data)
		assert.Error(t, err)
	}
	long := append([]byte{0xe1, 0x14, 0, 0, 2, 0x80, 2}, make([]byte, 257)...)
	_, err := pickle.Unmarshal(long)
	assert.ErrorContains(t, err, "the name of a zone has 256 bytes")
}

type numbers struct {
	I big.Int
	R big.Rat
	F big.Float
	P *big.Int
}

func init() { pickle.Register[numbers]() }

func TestBigNumbers(t *testing.T) {
	huge, _ := new(big.Int).SetString("-123456789012345678901234567890123456789012345678901234567890", 10)
	third := big.NewRat(-1, 3)
	pi := new(big.Float).SetPrec(200).SetMode(big.ToZero).SetRat(big.NewRat(22, 7))
	negZero := new(big.Float).Neg(new(big.Float))
	for _, v := range []any{
		huge, new(big.Int), big.NewInt(-1), *big.NewInt(255), (*big.Int)(nil),
		[]*big.Int{huge, huge},
		third, new(big.Rat), *big.NewRat(5, 1), big.NewRat(7, 1<<60), pi, new(big.Float), negZero, new(big.Float).SetInf(true), *big.NewFloat(1e300),
		&numbers{*huge, *third, *pi, huge},
		numbers{},
		map[string]*big.Rat{"x": third},
	} {
		roundTrip(t, v)
	}
	assert.Equal(t, big.NewInt(0), roundTrip(t, big.NewInt(0)), "zero has no digits")
	// Sending does not touch what is sent.
	var r big.Rat
	message(t, &r)
	assert.Equal(t, big.Rat{}, r)
}

func TestHostileBigNumbers(t *testing.T) {
	for name, data := range map[string][]byte{
		"negative denominator": {0xe1, 0x16, 2, 1, 3, 1},
		"rounding mode 7":      {0xe1, 0x17, 6, 1, 0xe0, 0, 0, 0, 1},
		"form 3":               {0xe1, 0x17, 6, 1, 0x06, 0, 0, 0, 1},
		"accuracy 3":           {0xe1, 0x17, 6, 1, 0x18, 0, 0, 0, 1},
		"version":              {0xe1, 0x17, 6, 9, 0, 0, 0, 0, 1},
	} {
		_, err := pickle.Unmarshal(data)
		assert.Error(t, err, name)
	}
	got, err := pickle.Unmarshal([]byte{0xe1, 0x16, 2, 6, 2, 4})
	require.NoError(t, err)
	r := got.(big.Rat)
	assert.Equal(t, "3/2", r.String(), "a fraction arrives in lowest terms")
}

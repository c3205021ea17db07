package pickle

// ForeignTypes returns how many types messages have brought so far, and
// MaxForeign how many they may bring.
func ForeignTypes() int32 { return foreign.number.Load() }

// SetForeignTypes pretends that messages have brought so many.
func SetForeignTypes(n int32) { foreign.number.Store(n) }

const MaxForeign = maxForeign

package gil

import "reflect"

// same compares as Python's == does, without calling any code of the user's and
// without panicking: with ==, and what Go cannot compare by value.
func same[T any](t *Thread, a, b T) bool {
	switch any(a).(type) {
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, uintptr, float32, float64, string:
		return any(a) == any(b)
	}
	if raceKernel && t.out != nil {
		return t.out.finds(func() bool { return equalAny(a, b) }) // what they point to is the program's
	}
	return equalAny(a, b)
}

// equalAny is apart from same because it allocates.
func equalAny[T any](a, b T) bool {
	if x, y := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem(); x.Comparable() && y.Comparable() {
		return any(a) == any(b)
	}
	return reflect.DeepEqual(a, b)
}

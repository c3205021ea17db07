// Package bytecode knows what the versions of CPython execute for the constructs that package
// gil offers, and after which opcodes each of them looks whether to give the GIL up.
package bytecode

//go:generate go run ./gen

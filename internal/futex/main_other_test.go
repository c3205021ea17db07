//go:build !unix

package futex_test

func echo() {}

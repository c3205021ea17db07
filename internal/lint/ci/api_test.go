package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shop is a package with one of everything.
const shop = `// Package gil shows.
package gil

import "time"

// Old and hidden are constants.
const (
	Old = iota
	hidden
)

// Kind is a kind.
type Kind uint8

// Kinds.
const (
	First Kind = iota
	Second
)

// ErrNone is an error.
var ErrNone error

// Box holds.
type Box[T any] struct {
	Value T // exported
	size  int
	time.Duration
}

// New makes a Box.
func New[T any](v T, wait time.Duration) (b *Box[T], err error) { return nil, nil }

// Get gets.
func (b *Box[T]) Get() T { return b.Value }

func (b *Box[T]) grow() {}

// Option is sealed.
type Option interface {
	Name() string
	apply()
}

// Free is free.
func Free(n ...int) {
	_ = func() {}
}

// Alias is one.
type Alias = Kind
`

func TestAPI(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, folder := range append(public, "gil/internal/x", "gil/testdata", "gil/sub") {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o755))
	}
	for name, text := range map[string]string{
		"gil/shop.go":          shop,
		"gil/shop_test.go":     "package gil\nfunc Tested() {}\n",
		"gil/other_windows.go": "package gil\nfunc Windows() {}\n",
		"gil/race.go":          "//go:build race\n\npackage gil\nfunc Raced() {}\n",
		"gil/unix.go":          "//go:build linux || darwin\n\npackage gil\nfunc Unix() {}\n",
		"gil/internal/x/x.go":  "package x\nfunc Inside() {}\n",
		"gil/testdata/y.go":    "package y\nfunc Data() {}\n",
		"gil/sub/sub.go":       "package sub\nfunc Below() {}\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	out, err := call(t, "", "api")
	require.NoError(t, err)
	assert.Equal(t, strings.TrimPrefix(`
pkg gil, const First Kind
pkg gil, const Old
pkg gil, const Second
pkg gil, func (b *Box[T]) Get() T
pkg gil, func Free(n ...int)
pkg gil, func New[T any](v T, wait time.Duration) (b *Box[T], err error)
pkg gil, func Unix()
pkg gil, type Alias = Kind
pkg gil, type Box[T any] struct
pkg gil, type Box[T any] struct, Value T
pkg gil, type Box[T any] struct, embedded time.Duration
pkg gil, type Kind uint8
pkg gil, type Option interface
pkg gil, type Option interface, Name() string
pkg gil, var ErrNone error
pkg gil/sub, func Below()
`, "\n"), out)
}

package main

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// long is the length of a message that does not fit into one write.
const long = 100_000

// A desk is what a process that writes gets: an end, and perhaps a lock.
type desk struct {
	End    *pipe.Conn
	Lock   *process.Lock
	Letter byte
}

var write = process.DefineTarget("messages.write", func(t *gil.Thread, d desk) error {
	if d.Lock != nil {
		if err := d.Lock.Acquire(t); err != nil {
			return err
		}
		defer func() { _ = d.Lock.Release(t) }()
	}
	// That the reader has left when it sees nonsense is no error of the writer's.
	_ = d.End.SendBytes(t, bytes.Repeat([]byte{d.Letter}, long))
	return nil
})

// writers has two processes write a long message each, to one end or to one of their
// own, and says whether what is read was sent.
func writers(t *gil.Thread, locked, own bool) string {
	var lock *process.Lock
	if locked {
		lock = got(process.NewLock(t))
	}
	var readers []*pipe.Conn
	var theirs *pipe.Conn
	for _, letter := range []byte("ab") {
		if theirs == nil || own {
			r, w, err := pipe.OneWay(t)
			check(err)
			readers, theirs = append(readers, r), w
		}
		got(write.Start(t, desk{theirs, lock, letter}))
		if own || letter == 'b' {
			check(theirs.Close())
		}
	}
	whole := 0
	for _, r := range readers {
		for {
			b, err := r.RecvBytes(t)
			if err != nil || len(b) != long || bytes.Count(b, b[:1]) != long {
				if !errors.Is(err, io.EOF) {
					whole = -1
				}
				break
			}
			whole++
		}
		check(r.Close())
	}
	if whole != 2 {
		return "corrupt"
	}
	return "whole"
}

// read are all that can become of two writers, as far as some interleavings show.
func read(locked, own bool) (all []string) {
	for _, o := range explore.Outcomes(func(t *gil.Thread) string { return writers(t, locked, own) },
		explore.WithStrategy(explore.Random()), explore.WithMaxSchedules(60)) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

func got[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

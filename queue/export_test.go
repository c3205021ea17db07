package queue

import (
	"reflect"
	"time"
)

// StallAfter sets how long a child waits before it says that it is stuck.
func StallAfter(d time.Duration) (restore func()) {
	old := stallAfter
	stallAfter = d
	return func() { stallAfter = old }
}

// Steps is how many steps there are, the first of which belong to a put.
const (
	Steps    = int(steps)
	PutSteps = int(stepGetLatched)
)

// The steps that tests name.
const (
	StepPublished   = int(stepPublished)
	StepAccepted    = int(stepAccepted)
	StepHalfWritten = int(stepHalfWritten)
	StepPosted      = int(stepPosted)
	StepPlaced      = int(stepPlaced)
	StepTaken       = int(stepTaken)
	StepCopied      = int(stepCopied)
	StepPutIntent   = int(stepPutIntent)
	StepPutSettled  = int(stepPutSettled)
)

// OnStep has fn called at each step of this process.
func OnStep(fn func(step int)) { onStep = func(s step) { fn(int(s)) } }

// Place is place, of spots that are pairs of a first page and a number of pages.
func Place(used [][2]uint32, n, all uint32) (at uint32, ok bool) {
	return place(func(yield func(spot) bool) {
		for _, s := range used {
			if !yield(spotOf(s[0], s[1])) {
				return
			}
		}
	}, n, all)
}

// AnnexSoft is how many pages of the annex waiting messages may use.
const AnnexSoft = annexSoft

// Carries reports whether live objects can be in a T.
func Carries[T any]() bool { return carries(reflect.TypeFor[T]()) }

package queue

import "time"

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
	StepTaken       = int(stepTaken)
	StepCopied      = int(stepCopied)
	StepPutIntent   = int(stepPutIntent)
	StepPutSettled  = int(stepPutSettled)
)

// OnStep has fn called at each step of this process.
func OnStep(fn func(step int)) { onStep = func(s step) { fn(int(s)) } }

package queue

// A step is a place in the middle of a put or a get where a process can die. There are
// more of them than it seems: between any two instructions. These are the ones between
// which something changes for others.
type step int

const (
	stepPutLatched step = iota
	stepPosted          // its handles are in the mailbox
	stepPlaced          // it has memory of its own, in which nothing stands yet
	stepHalfWritten
	stepWritten
	stepPutIntent
	stepPublished
	stepPutSettled
	stepPutUnlocked
	stepAccepted
	stepGetLatched
	stepCopied
	stepTakeIntent
	stepTaken
	stepGetSettled
	stepCollected // its handles are out of the mailbox
	stepGetUnlocked
	steps
)

// onStep is told of each step; only tests set it, in processes that are to die.
var onStep func(s step)

func (s step) reach() {
	if onStep != nil {
		onStep(s)
	}
}

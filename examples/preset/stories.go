package preset

import "time"

// Images, "images": so many are fetched from the network and scaled by workers, each of
// which takes the next one that nobody has.
const (
	ImageCount   = 80
	ImageWorkers = 8
	ImageWait    = 56_250 * time.Microsecond // the network
	ImageHold    = 18_750 * time.Microsecond // Python
)

// Chess, "chess": a master plays against many. A round at a board is her move, at which
// nobody else can use her, and the wait for the answer.
const (
	ChessBoards = 24
	ChessRounds = 30
	ChessMove   = 5 * time.Second
	ChessAnswer = 55 * time.Second
)

// Cook, "cook": meals, of which one boils by itself while a cook does others, to be
// ready by the deadline.
const (
	CookMeals    = 10
	CookStart    = 5 * time.Minute // by hand, then
	CookPrepare  = 13 * time.Minute
	CookBoil     = 30 * time.Minute // by itself
	CookFinish   = 2 * time.Minute  // by hand
	CookDeadline = 180 * time.Minute
)

// API is two requests, "api": answers after 4 s and after 3 s.
func API() Preset {
	return Preset{Name: "api", Tasks: []Task{{1, 0, 4 * time.Second}, {1, 0, 3 * time.Second}}}
}

// Count is three tasks that say a word, wait for 1 s and say another, "count".
func Count() Preset {
	return Preset{Name: "count", Tasks: equal(3, Task{1, 0, time.Second})}
}

// Images is the workload "images" as tasks, for who does one after the other.
func Images() Preset {
	return Preset{Name: "images", Tasks: equal(ImageCount, Task{1, ImageHold, ImageWait}), Start: ProcessStart}
}

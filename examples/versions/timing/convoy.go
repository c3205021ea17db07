package timing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

func convoys() Table {
	t := Table{
		Title: "The convoy",
		Text: "A thread answers requests over UDP, one every 12 to 22 ms, next to threads that compute. The median time of an\n" +
			"answer: 0.2 ms in Python 2.7, whatever else goes on; from 3.2 on a switch interval, 5 ms, for each thread that\n" +
			"computes, because a request finds the GIL taken and whoever asks for it is asked in turn.",
	}
	for n, want := range map[int]map[string]float64{
		0: {"2.7": 200, "3.9": 180, "3.12": 202, "3.13": 183},
		1: {"2.7": 180, "3.9": 5318, "3.12": 5295, "3.13": 5317},
		2: {"2.7": 193, "3.9": 7070, "3.12": 9133, "3.13": 9744},
		4: {"2.7": 177, "3.9": 21016, "3.12": 18957, "3.13": 21555},
	} {
		name := fmt.Sprintf("%d threads compute", n)
		if n == 1 {
			name = "1 thread computes"
		}
		t.Rows = append(t.Rows, Row{
			Name: name, Unit: Microseconds, Measured: want,
			Run: func(p gil.Profile, seed uint64) float64 { return microseconds(answer(p, n, seed)) },
		})
	}
	slices.SortFunc(t.Rows, func(a, b Row) int { return int(a.Name[0]) - int(b.Name[0]) })
	return t
}

const (
	// requests are many where many threads compute, because their answers are spread
	// over many slices.
	requests, requestsOfFour = 300, 1000
	// network is the part of an answer that has nothing to do with the GIL: both
	// ways through the kernel, and the client.
	network = 180 * time.Microsecond
	// receive is what recvfrom takes when the request is there: 1.1 to 1.6 µs for who
	// does nothing else, and a little more for a thread that has just slept.
	receive = 2 * time.Microsecond
)

// answer is the median time of an answer.
func answer(p gil.Profile, n int, seed uint64) time.Duration {
	rng := rand.New(rand.NewPCG(seed, 1))
	gap := func() time.Duration { return 12*time.Millisecond + time.Duration(rng.IntN(10_000_000)) }
	count := requests
	if n == 4 {
		count = requestsOfFour
	}
	var times []time.Duration
	run(p, seed, func(t *gil.Thread) {
		done := false
		server := t.Go("answers", func(t *gil.Thread) {
			request := t.Now() + gap()
			for range count {
				t.IO(max(request-t.Now(), receive)) // recvfrom
				t.Compute(time.Microsecond)
				times = append(times, t.Now()-request+network)
				request = t.Now() + gap()
				t.Perform(gil.WorkSendTo, 1)
			}
			done = true
		})
		ts := busy(t, n, &done)
		gil.JoinAll(t, append(ts, server)...)
	})
	slices.Sort(times)
	return times[len(times)/2]
}

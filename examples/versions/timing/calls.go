package timing

import (
	"time"

	"github.com/pygil/pygil/gil"
)

func calls() Table {
	t := Table{
		Title: "A call that gives the GIL up",
		Text: "What a call takes that gives the GIL up: alone, and next to one thread that computes. In Python 2.7 it gets the\n" +
			"GIL back soon, because that is given up all the time; from 3.2 on it waits for a switch interval, if the other\n" +
			"thread has found the GIL free. So it costs the more the longer the GIL is free.",
	}
	for _, c := range []struct {
		name        string
		call        func(t *gil.Thread)
		alone, next map[string]float64
	}{
		{"write a byte to the null device", once(gil.WorkWrite), cells(0.57, 0.60, 0.42, 0.45), cells(3.6, 387, 316, 186)},
		{"read 16 KiB of random numbers", once(gil.WorkRead), cells(47, 47, 46, 42), cells(82, 5075, 5058, 5150)},
		{"UDP sendto", once(gil.WorkSendTo), cells(4.9, 4.5, 4.1, 3.7), cells(17, 1002, 3003, 2185)},
		{"socketpair send and recv", func(t *gil.Thread) {
			t.Perform(gil.WorkSend, 1)
			t.Perform(gil.WorkSend, 1)
		}, cells(2.6, 3.2, 3.2, 2.4), cells(16, 1678, 3025, 2013)},
		{"sleep(0)", once(gil.WorkSleep0), cells(0.64, 0.67, 22, 16), cells(4.3, 186, 4236, 3180)},
		{"sleep(0.1 ms)", once(gil.WorkSleepTenth), cells(127, 133, 142, 135), cells(144, 5196, 5298, 5205)},
		{"sleep(2 ms)", once(gil.WorkSleepTwo), cells(2052, 2047, 2072, 2059), cells(2054, 7083, 7201, 7174)},
	} {
		t.Rows = append(t.Rows,
			Row{Name: c.name + ", alone", Unit: Microseconds, Measured: c.alone, Run: func(p gil.Profile, seed uint64) float64 {
				return microseconds(each(p, 0, c.call, seed))
			}},
			Row{Name: c.name + ", next to a thread", Unit: Microseconds, Measured: c.next, Run: func(p gil.Profile, seed uint64) float64 {
				return microseconds(each(p, 1, c.call, seed))
			}})
	}
	return t
}

func once(w gil.Work) func(t *gil.Thread) { return func(t *gil.Thread) { t.Perform(w, 1) } }

func cells(v27, v39, v312, v313 float64) map[string]float64 {
	return map[string]float64{"2.7": v27, "3.9": v39, "3.12": v312, "3.13": v313}
}

// each is what a call takes next to n threads, over a second.
func each(p gil.Profile, n int, call func(t *gil.Thread), seed uint64) (mean time.Duration) {
	const long, least = time.Second, 30
	run(p, seed, func(t *gil.Thread) {
		done := false
		ts := busy(t, n, &done)
		begin, count := t.Now(), 0
		for now := begin; (now-begin < long || count < least) && (n > 0 || count < least); now = t.Now() {
			call(t)
			count++
		}
		mean = (t.Now() - begin) / time.Duration(count)
		done = true
		gil.JoinAll(t, ts...)
	})
	return mean
}

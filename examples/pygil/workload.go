package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/preset"
)

// work is a piece of work, and how many cores it is for.
type work struct {
	preset.Preset
	Cores int
}

// String says what there is to do.
func (w work) String() string {
	compute, wait := w.total()
	return fmt.Sprintf("%d tasks that compute for %v and wait for %v in all", len(w.Tasks), round(compute), round(wait))
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// total is how long all tasks compute and wait.
func (w work) total() (compute, wait time.Duration) {
	for _, k := range w.Tasks {
		compute += time.Duration(k.Rounds) * k.Hold
		wait += time.Duration(k.Rounds) * k.Wait
	}
	return compute, wait
}

func presets() (all []work) {
	for _, p := range []preset.Preset{preset.CPU(), preset.Write(), preset.Wait(), preset.CSV(), preset.Sleeps()} {
		all = append(all, work{p, preset.Cores})
	}
	return all
}

// workOf finds a piece of work by its name, or in a file.
func workOf(name string) (work, error) {
	if all := presets(); !strings.ContainsAny(name, `./\`) {
		if i := slices.IndexFunc(all, func(w work) bool { return w.Name == name }); i >= 0 {
			return all[i], nil
		}
		return work{}, fmt.Errorf("there is no work %q; see pygil list, or give a file, as in ./%s", name, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return work{}, err
	}
	defer f.Close()
	w, err := parse(f)
	if err != nil {
		return work{}, fmt.Errorf("%s:%w", name, err)
	}
	w.Name = name
	return w, nil
}

const most = 1000 // tasks and cores, and 1000 times as many rounds: more is not simulated in a moment

// parse reads a description, a line for each fact:
//
//	# three pages, each fetched in pieces and parsed
//	cores 4
//	start 50ms     what starting a process takes
//	switch 5us     what a thread computes that takes the GIL over
//	task count=3 rounds=10 compute=2ms wait=40ms
func parse(r io.Reader) (work, error) {
	w := work{Cores: preset.Cores}
	lines := bufio.NewScanner(r)
	n := 0
	for lines.Scan() {
		n++
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if err := w.add(words[0], words[1:]); err != nil {
			return work{}, fmt.Errorf("%d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return work{}, fmt.Errorf("%d: %w", n+1, err)
	}
	if len(w.Tasks) == 0 {
		return work{}, fmt.Errorf("%d: no task; a line such as this is missing: task count=3 compute=2ms wait=40ms", n)
	}
	return w, nil
}

// add takes one line in.
func (w *work) add(what string, words []string) (err error) {
	if what == "task" {
		return w.task(words)
	}
	if len(words) != 1 {
		return fmt.Errorf("%s: want one value behind it", what)
	}
	switch what {
	case "cores":
		w.Cores, err = count(words[0], most)
	case "start":
		w.Start, err = duration(words[0])
	case "switch":
		w.Switch, err = duration(words[0])
	default:
		return fmt.Errorf("%q is none of cores, start, switch and task", what)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// task adds so many equal tasks.
func (w *work) task(words []string) (err error) {
	k, times := preset.Task{Rounds: 1}, 1
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "count":
			times, err = count(value, most)
		case "rounds":
			k.Rounds, err = count(value, 1000*most)
		case "compute":
			k.Hold, err = duration(value)
		case "wait":
			k.Wait, err = duration(value)
		default:
			return fmt.Errorf("%q is none of count=, rounds=, compute= and wait=", word)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if k.Hold+k.Wait == 0 {
		return errors.New("task: it does nothing; want compute= or wait=, such as wait=40ms")
	}
	if times += len(w.Tasks); times > most {
		return fmt.Errorf("task: more than %d tasks", most)
	}
	for len(w.Tasks) < times {
		w.Tasks = append(w.Tasks, k)
	}
	return nil
}

func count(text string, most int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%q: want a number from 1 to %d", text, most)
	}
	return n, nil
}

func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > time.Hour {
		return 0, fmt.Errorf("%q: want a time such as 40ms or 1.5s, at most an hour", text)
	}
	return d, nil
}

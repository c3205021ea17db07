package pool

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Bar returns a progress bar for WithProgress: one line that is drawn again as items are
// done, at most ten times a second, and ended when all are. What is written to w
// meanwhile by others spoils the line.
//
//	downloads  42% |████████▍           | 34/80 [1.3s]
func Bar(w io.Writer, label string) func(done, total int) {
	b := &bar{w: w, label: label, began: time.Now(), every: 100 * time.Millisecond}
	return b.draw
}

// A bar is a progress bar. It is called by one worker at a time.
type bar struct {
	w     io.Writer
	label string
	began time.Time
	drawn time.Time
	every time.Duration
	ended bool
}

// barWidth is how many characters a full bar has.
const barWidth = 20

// eighths are the parts of a character.
var eighths = []rune(" ▏▎▍▌▋▊▉")

func (b *bar) draw(done, total int) {
	now := time.Now()
	all := total > 0 && done >= total
	if b.ended || !all && now.Sub(b.drawn) < b.every {
		return
	}
	b.drawn, b.ended = now, all
	end := ""
	if all {
		end = "\n"
	}
	_, _ = fmt.Fprintf(b.w, "\r%s %3d%% |%s| %d/%d [%.1fs]%s", b.label, share100(done, total), filled(done, total), done, total, now.Sub(b.began).Seconds(), end)
}

func share100(done, total int) int {
	if total == 0 {
		return 100
	}
	return done * 100 / total
}

// filled is the bar itself.
func filled(done, total int) string {
	parts := barWidth * 8
	n := parts
	if total > 0 {
		n = min(parts, done*parts/total)
	}
	text := strings.Repeat("█", n/8)
	if n%8 != 0 {
		text += string(eighths[n%8])
	}
	return text + strings.Repeat(" ", barWidth-(n+7)/8)
}

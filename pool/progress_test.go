package pool_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/pool"
)

func TestBar(t *testing.T) {
	var out strings.Builder
	draw := pool.Bar(&out, "downloads")
	for i := range 81 {
		draw(i, 80)
	}
	draw(81, 80) // it has ended
	lines := strings.Split(regexp.MustCompile(`\[[0-9.]+s\]`).ReplaceAllString(out.String(), "[-]"), "\r")
	assert.Equal(t, "downloads   0% |                    | 0/80 [-]", lines[1])
	assert.Equal(t, "downloads 100% |████████████████████| 80/80 [-]\n", lines[len(lines)-1])

	for _, c := range []struct {
		done, total int
		want        string
	}{{1, 2, " 50% |██████████          | 1/2"}, {34, 80, " 42% |████████▌           | 34/80"}, {1, 160, "  0% |▏                   | 1/160"}, {0, 0, "100% |████████████████████| 0/0"}} {
		out.Reset()
		pool.Bar(&out, "x")(c.done, c.total)
		assert.Contains(t, out.String(), c.want)
	}
}

package pool

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is kept of stderr, in whatever parts it comes: its end, and the beginning of the last
// crash report if that is not in it.
func TestWhatIsKept(t *testing.T) {
	long := strings.Repeat("goroutine 7 [select (no cases)]:\n", 1000)
	for name, c := range map[string]struct{ said, begins string }{
		"nothing":            {"", ""},
		"little":             {"words\n", "words\n"},
		"a report, whole":    {"words\npanic: why\n\nmore\n", "words\npanic: why\n\nmore\n"},
		"a long report":      {"words\npanic: why\n" + long, "panic: why\ngoroutine 7 [select"},
		"a signal":           {long + "SIGSEGV: segmentation violation\n" + long, "SIGSEGV: segmentation violation\ngoroutine 7"},
		"the last of two":    {"panic: first\n" + long + "fatal error: second\n" + long, "fatal error: second\ngoroutine 7"},
		"no report":          {long + "no panic: why\n panic: no\nSIGNAL\n" + long[:33*100], long[:33*100][:33]},
		"without a line end": {"fatal error: " + strings.Repeat("x", 9000), "fatal error: xxx"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, part := range []int{1, 2, 7, 1 << 20} {
				l := &listener{}
				for said := c.said; said != ""; {
					n := min(part, len(said))
					l.keep([]byte(said[:n]))
					said = said[n:]
				}
				got := l.words()
				if name == "no report" {
					require.Equal(t, c.said[len(c.said)-lastWords:], got)
					continue
				}
				require.True(t, strings.HasPrefix(got, c.begins), "%d: %s", part, got)
				if len(c.said) <= lastWords {
					require.Equal(t, c.said, got)
					continue
				}
				require.Len(t, got, lastWords)
				end := got[strings.Index(got, "\n...\n")+5:]
				require.NotEmpty(t, end)
				require.True(t, strings.HasSuffix(c.said, end))
			}
		})
	}
}

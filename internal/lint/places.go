package lint

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
)

// somewhere matches what is true of one machine or one network only. It is deliberately blind to
// names: it knows how home folders and addresses of registries look, not which ones exist.
var somewhere = []struct {
	what    string
	hints   []string // a file without any of these is not searched: searching takes long
	pattern *regexp.Regexp
}{
	{"a home folder", []string{"/home/", "/Users/", "/ro" + "ot", `:\`}, regexp.MustCompile(`(?:^|[^\w./~$}-])/(?:home/[a-z_][\w.-]*|Users/[A-Za-z][\w.-]*|root)(?:/|\b)|\b[A-Za-z]:\\+Users\\`)},
	{"the address of a registry", []string{"://"}, regexp.MustCompile(`://[^\s/"'<>]*\b(?:proxy|registry|index|mirrors?|packages|crates|deb|archive|artifacts?|artifactory|nexus)\b[^\s/"'<>]*`)},
	{"the setting of a registry", []string{"PROXY", "SUMDB", "INDEX", "index-url"}, regexp.MustCompile(`\b(?:GOPROXY|GOSUMDB|PIP_INDEX_URL)=|--(?:extra-)?index-url\b`)},
}

func places(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if bytes.IndexByte(f.Data, 0) >= 0 {
			continue // not text
		}
		for _, s := range somewhere {
			if !slices.ContainsFunc(s.hints, func(hint string) bool { return bytes.Contains(f.Data, []byte(hint)) }) {
				continue
			}
			n := 0
			for line := range bytes.Lines(f.Data) {
				n++
				if m := s.pattern.Find(line); m != nil {
					out = append(out, Finding{"places", f.Path, n, fmt.Sprintf("%q is %s: true of one machine only", bytes.TrimSpace(m), s.what)})
				}
			}
		}
	}
	return out
}

package lint_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The bad lines are written with ~ for a slash and ^ for a backslash, so that this file itself is a
// good one.
func TestPlacesOfOneMachine(t *testing.T) {
	bad := []string{
		"see ~root~x", `"~root"`, "~home~ann~go", "cd ~home~ann", "~Users~Ann~Library", "C:^Users^ann", "C:^^Users^^ann",
		"https:~~a.archive.example", "deb http:~~deb.example main", "https:~~crates.example", "https:~~artifactory.example", "https:~~nexus.example",
		"https:~~proxy.example.org~x", "https:~~registry.example", "http:~~pypi-mirror.example~simple", "https:~~a.packages.example:80",
		"GO" + "PROXY=direct", "GO" + "SUMDB=off", "PIP_INDEX" + "_URL=x", "pip install --index" + "-url x",
	}
	good := []string{
		"$HOME~root~x", "a~root~b", "~rooted", "the~home~page", "https:~~example.org~home~ann", "~home~", "https:~~docs.example~proxy~index",
		"https:~~www.example~registry", "C:^Windows", "os.Getenv(\"GOPROXY\")", "the proxy~registry", "~{root}~x", "https:~~indexes.example",
	}
	slashes := func(lines []string) string {
		return strings.NewReplacer("~", "/", "^", `\`).Replace(strings.Join(lines, "\n"))
	}
	assert.Empty(t, check(t, "places", map[string]string{"a.txt": slashes(good), "binary": slashes(bad) + "\x00"}))

	got := check(t, "places", map[string]string{"gil/testdata/a.txt": slashes(bad)})
	if assert.Len(t, got, len(bad), strings.Join(got, "\n")) {
		assert.Equal(t, `gil/testdata/a.txt:1: "/ro`+`ot/" is a home folder: true of one machine only`, got[0])
		for i, line := range got[7:16] {
			assert.Contains(t, line, "is the address of a registry", bad[7+i])
		}
		for i, line := range got[16:] {
			assert.Contains(t, line, "is the setting of a registry", bad[16+i])
		}
	}
}

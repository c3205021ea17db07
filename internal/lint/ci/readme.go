package main

import (
	"errors"
	"regexp"
	"strings"
)

// plain is a command that means the same with and without a shell.
var plain = regexp.MustCompile(`^go [\w./= -]+$`)

// commands finds the two commands a README offers to whoever comes by: below a heading, a fenced
// sh block with exactly a go run and a go test. Blocks with other commands in them are passed over.
func commands(readme string) (tour, test string, err error) {
	heading, fence := false, "" // what closes the block we are in
	var lines []string
	for line := range strings.Lines(readme) {
		line = strings.TrimSpace(line)
		switch {
		case fence != "" && line == fence:
			if len(lines) == 2 && strings.HasPrefix(lines[0], "go run ") && strings.HasPrefix(lines[1], "go test ") {
				return lines[0], lines[1], nil
			}
			fence = ""
		case fence != "":
			line, _, _ = strings.Cut(line, " #")
			line = strings.TrimSpace(strings.TrimPrefix(line, "$ "))
			if line != "" && line[0] != '#' {
				if !plain.MatchString(line) {
					line = "not plain: " + line
				}
				lines = append(lines, line)
			}
		case strings.HasPrefix(line, "```"):
			fence, lines = "```", nil
			if lang := line[3:]; !heading || lang != "sh" && lang != "bash" && lang != "console" {
				lines = []string{"not a block of commands"}
			}
		case strings.HasPrefix(line, "#"):
			heading = true
		}
	}
	return "", "", errors.New("no sh block below a heading holds exactly two plain commands, go run … and go test …")
}

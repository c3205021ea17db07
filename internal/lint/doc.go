// Package lint holds this repository's own rules: what no compiler and no general linter knows.
//
// A rule reads a parsed [Tree] and answers with [Finding]s. [Check] runs all of them and takes the
// listed exceptions away. The package's tests run the rules over the repository itself, so that
// "go test ./..." holds them, and over small bad trees, so that a rule which has gone blind is
// noticed.
//
// The rules:
//
//   - imports: packages stand in layers and import downwards only; pipe and process know the GIL in
//     a few named files; only tests, gil/giltest, internal/conformance and process.TestMain import
//     testing.
//   - onegil: there is one type GIL, made in one place; it changes hands in two named files.
//   - atomics: no file mixes sync/atomic with go.uber.org/atomic.
//   - names: no file or folder is called after nothing in particular.
//   - sizes: no source file grows past 500 lines, no test file past 800, generated ones apart.
//   - toplevel: the top of the repository holds a fixed set of names.
//   - docs: every package and every exported identifier says what it is.
//   - examples: every public package has an Example whose output is checked.
//   - testmain: every package with tests looks for leaked goroutines.
//   - places: no file names somebody's home folder or a package registry.
//
// An exception is a line of exceptions.txt with its reason; one that excuses nothing any more is
// itself a finding.
package lint

package bytecode

// A Version is a CPython minor version whose bytecode the package knows.
type Version uint8

// The versions, oldest first, so that < and >= read as "older than" and "from … on".
const (
	V27 Version = iota
	V31
	V32
	V36
	V37
	V38
	V39
	V310
	V311
	V312
	V313
	V314

	numVersions = int(iota)
)

var versionNames = [numVersions]string{"2.7", "3.1", "3.2", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"}

// String returns the version as Python writes it: "2.7", "3.12".
func (v Version) String() string {
	if int(v) >= numVersions {
		return "unknown version"
	}
	return versionNames[v]
}

// TickGIL reports whether the version has the GIL that counts opcodes (up to 3.1) and not the
// one that measures time (from 3.2 on). Only then is [Instr].Counted ever set.
func (v Version) TickGIL() bool { return v <= V31 }

// Versions returns every known version, oldest first, in a slice of its own.
func Versions() []Version {
	all := make([]Version, numVersions)
	for i := range all {
		all[i] = Version(i)
	}
	return all
}

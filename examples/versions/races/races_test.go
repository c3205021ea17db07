package races_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/versions/races"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/internal/bytecode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "store the witnesses anew")

const witnesses = "testdata/witnesses.txt"

// Each cell is what the measurements say: a program that can go wrong does, one
// that cannot does in none of the interleavings there are.
func TestTable(t *testing.T) {
	var found []string
	cells := 0
	for n, r := range races.Table() {
		if testing.Short() && n%12 != 0 {
			continue // the rest takes long under the race detector
		}
		for c, p := range races.Columns() {
			cells++
			v := r.Judge(p)
			require.Truef(t, v.Certain(), "%s under %v: %v", r.Name, p, v.Report)
			if assert.Equalf(t, r.Can(c), v.Failure != nil, "%s under %v", r.Name, p) && v.Failure != nil {
				assert.Containsf(t, v.Failure.Err.Error(), r.Breaks, "%s under %v", r.Name, p)
				found = append(found, fmt.Sprintf("%s %v %v", r.Name, p, v.Failure.Schedule))
			}
		}
	}
	if testing.Short() {
		return
	}
	assert.Equal(t, 49*11, cells)
	if *update && !t.Failed() {
		require.NoError(t, os.WriteFile(witnesses, []byte(strings.Join(found, "\n")+"\n"), 0o600))
	}
}

// A stored interleaving goes wrong for ever, and there is one for each cell that
// can.
func TestWitnesses(t *testing.T) {
	f, err := os.Open(witnesses)
	require.NoError(t, err)
	defer f.Close()
	of := map[string]explore.Schedule{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		require.Len(t, fields, 3)
		s, err := explore.ParseSchedule(fields[2])
		require.NoError(t, err)
		of[fields[0]+" "+fields[1]] = s
	}
	for n, r := range races.Table() {
		if testing.Short() && n%6 != 0 {
			continue
		}
		for c, p := range races.Columns() {
			key := fmt.Sprintf("%s %v", r.Name, p)
			s, stored := of[key]
			require.Equal(t, r.Can(c), stored, key)
			if stored {
				f := explore.Replay(r.Tried, s, explore.WithProfile(p), explore.WithStrictReplay())
				require.NotNil(t, f, key)
				require.Contains(t, f.Err.Error(), r.Breaks, key)
			}
		}
	}
}

func row(t *testing.T, name string) races.Row {
	t.Helper()
	rows := races.Table()
	i := slices.IndexFunc(rows, func(r races.Row) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return rows[i]
}

// one sets whether the interpreter looks after one opcode of a sequence, and nothing
// else.
func one(t *testing.T, opcode string, check bytecode.Check) func(seq []bytecode.Instr) []bytecode.Instr {
	return func(seq []bytecode.Instr) []bytecode.Instr {
		i := slices.IndexFunc(seq, func(in bytecode.Instr) bool { return in.Name == opcode })
		require.GreaterOrEqual(t, i, 0, opcode)
		require.NotEqual(t, check, seq[i].Check, opcode)
		seq[i].Check = check
		seq[i].Counted = seq[i].Counted && check != bytecode.CheckNever
		return seq
	}
}

// A profile that looks in one place more, or in one less, has another table: for each
// profile there is a cell that flips.
func TestMutants(t *testing.T) {
	const more, less = bytecode.CheckAfter, bytecode.CheckNever
	mutated := map[string]bool{}
	for _, m := range []struct {
		profile   gil.Profile
		version   bytecode.Version
		construct bytecode.Construct
		opcode    string
		check     bytecode.Check
		row       string
	}{
		{gil.CPython27, bytecode.V27, bytecode.Contains, "COMPARE_OP", less, "not-in"},
		{gil.CPython31, bytecode.V31, bytecode.Contains, "COMPARE_OP", less, "not-in"},
		{gil.CPython32, bytecode.V32, bytecode.Contains, "COMPARE_OP", less, "not-in"},
		{gil.CPython36, bytecode.V36, bytecode.Contains, "COMPARE_OP", less, "not-in"},
		{gil.CPython37, bytecode.V37, bytecode.Contains, "COMPARE_OP", less, "not-in"},
		{gil.CPython38, bytecode.V38, bytecode.Contains, "COMPARE_OP", less, "not-in"},
		{gil.CPython39, bytecode.V39, bytecode.Contains, "CONTAINS_OP", more, "not-in"},
		{gil.CPython310, bytecode.V310, bytecode.Add, "LOAD_GLOBAL", more, "inc-for"},
		{gil.CPython311, bytecode.V311, bytecode.Add, "LOAD_GLOBAL", more, "inc-for"},
		{gil.CPython312, bytecode.V312, bytecode.Add, "LOAD_GLOBAL", more, "inc-for"},
		{gil.CPython313, bytecode.V313, bytecode.Add, "LOAD_GLOBAL", more, "inc-for"},
		{gil.CPython314, bytecode.V314, bytecode.Add, "LOAD_GLOBAL", more, "inc-for"},
		{gil.PyPy, bytecode.V310, bytecode.Add, "LOAD_GLOBAL", more, "inc-for"},
		{gil.CPython310, bytecode.V310, bytecode.BranchTaken, "POP_JUMP_IF_FALSE", less, "split-branch"},
		{gil.CPython311, bytecode.V311, bytecode.CallHead, "RESUME", less, "load-call"},
		{gil.CPython312, bytecode.V312, bytecode.CallHead, "RESUME", less, "load-call"},
		{gil.CPython313, bytecode.V313, bytecode.CallHead, "RESUME", less, "load-call"},
		{gil.CPython314, bytecode.V314, bytecode.CallHead, "RESUME", less, "load-call"},
	} {
		mutated[m.profile.Name()] = true
		r := row(t, m.row)
		before := r.Judge(m.profile)
		restore := bytecode.Mutate(m.version, m.construct, one(t, m.opcode, m.check))
		after := r.Judge(m.profile)
		restore()
		again := r.Judge(m.profile)
		assert.NotEqualf(t, before.Failure != nil, after.Failure != nil, "%s survives under %v", m.row, m.profile)
		assert.Equalf(t, before.Failure != nil, again.Failure != nil, "%s after the mutant of %v", m.row, m.profile)
	}
	for _, p := range gil.Profiles() {
		assert.NotEqualf(t, slices.Contains(withoutAGIL, p), mutated[p.Name()], "%v has to be here or among those without check points", p)
	}
}

// withoutAGIL are the profiles that have no check points.
var withoutAGIL = []gil.Profile{gil.CPython313T, gil.CPython314T, gil.JVM, gil.AnyBytecode}

// Without a GIL there is nothing to look for, and a switch may come anywhere, as it may
// under AnyBytecode: these break what they break because of that, and with the GIL of
// 3.13 they do not.
func TestMutantsWithoutAGIL(t *testing.T) {
	for _, p := range withoutAGIL {
		assert.NotNilf(t, row(t, "inc-for").Judge(p).Failure, "%v", p)
		assert.Nilf(t, row(t, "with-lock").Judge(p).Failure, "%v", p)
	}
	assert.Nil(t, row(t, "inc-for").Judge(gil.CPython313).Failure)
}

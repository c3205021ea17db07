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

// within sets whether the interpreter looks after each opcode between the read and
// the write of a sequence.
func within(check bytecode.Check) func(seq []bytecode.Instr) []bytecode.Instr {
	return func(seq []bytecode.Instr) []bytecode.Instr {
		inside := false
		for i := range seq {
			switch {
			case seq[i].Touch == bytecode.TouchRead:
				inside = true
			case seq[i].Touch == bytecode.TouchWrite:
				inside = false
			}
			if inside {
				seq[i].Check, seq[i].Shield = check, check == bytecode.CheckNever
				seq[i].Counted = seq[i].Counted && check != bytecode.CheckNever
			}
		}
		return seq
	}
}

// never takes every look out of a sequence.
func never(seq []bytecode.Instr) []bytecode.Instr {
	for i := range seq {
		seq[i].Check, seq[i].Counted = bytecode.CheckNever, false
	}
	return seq
}

// A profile that looks in one place more, or in one less, has another table.
func TestMutants(t *testing.T) {
	for _, m := range []struct {
		profile   gil.Profile
		version   bytecode.Version
		construct bytecode.Construct
		edit      func([]bytecode.Instr) []bytecode.Instr
		row       string
	}{
		{gil.CPython27, bytecode.V27, bytecode.Add, within(bytecode.CheckNever), "inc-while"},
		{gil.CPython36, bytecode.V36, bytecode.Add, within(bytecode.CheckNever), "inc-while"},
		{gil.CPython37, bytecode.V37, bytecode.Add, within(bytecode.CheckNever), "inc-while"},
		{gil.CPython38, bytecode.V38, bytecode.Add, within(bytecode.CheckNever), "inc-while"},
		{gil.CPython39, bytecode.V39, bytecode.Add, within(bytecode.CheckNever), "inc-while"},
		{gil.CPython310, bytecode.V310, bytecode.Add, within(bytecode.CheckAfter), "inc-while"},
		{gil.CPython311, bytecode.V311, bytecode.Add, within(bytecode.CheckAfter), "inc-while"},
		{gil.CPython312, bytecode.V312, bytecode.Add, within(bytecode.CheckAfter), "inc-while"},
		{gil.CPython313, bytecode.V313, bytecode.Add, within(bytecode.CheckAfter), "inc-while"},
		{gil.CPython314, bytecode.V314, bytecode.Add, within(bytecode.CheckAfter), "inc-while"},
		{gil.CPython310, bytecode.V310, bytecode.BranchTaken, never, "split-branch"},
		{gil.CPython311, bytecode.V311, bytecode.CallHead, never, "load-call"},
		{gil.CPython312, bytecode.V312, bytecode.CallHead, never, "load-call"},
		{gil.CPython313, bytecode.V313, bytecode.CallHead, never, "load-call"},
		{gil.CPython314, bytecode.V314, bytecode.CallHead, never, "load-call"},
	} {
		if testing.Short() && m.version > bytecode.V27 && m.version < bytecode.V310 {
			continue
		}
		r := row(t, m.row)
		before := r.Judge(m.profile)
		restore := bytecode.Mutate(m.version, m.construct, m.edit)
		after := r.Judge(m.profile)
		restore()
		again := r.Judge(m.profile)
		assert.NotEqualf(t, before.Failure != nil, after.Failure != nil, "%s survives under %v", m.row, m.profile)
		assert.Equalf(t, before.Failure != nil, again.Failure != nil, "%s after the mutant of %v", m.row, m.profile)
	}
}

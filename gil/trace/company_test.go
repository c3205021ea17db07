package trace_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

var reports = process.DefineTarget("reports", func(t *gil.Thread, c *pipe.Conn) error {
	defer c.Close()
	for {
		n, err := pipe.Recv[int](t, c)
		if err != nil {
			return nil // the company has closed its end
		}
		t.Compute(time.Millisecond)
		if err := c.Send(t, n*n); err != nil {
			return err
		}
	}
})

// company is two processes with four threads in all, a queue, a pool and a pipe, all
// of them those of their packages: two workers of an executor hand what they have
// found on through a queue, and main has it checked by another process.
func company(m *gil.Thread) {
	here, there, err := pipe.New(m)
	require.NoError(m, err)
	child, err := reports.Start(m, there, process.WithName("reports"))
	require.NoError(m, err)
	require.NoError(m, there.Close())

	found := queue.New[int](2)
	found.Name = "found"
	ex := pool.NewThreadExecutor(m, 2, pool.WithName("worker"))
	square := pool.Func(func(t *gil.Thread, n int) (int, error) {
		t.Compute(700 * time.Microsecond)
		t.IO(400 * time.Microsecond)
		return n * n, found.Put(t, n)
	})
	var results []*pool.Future[int]
	for n := range 6 {
		results = append(results, pool.Submit(m, ex, square, n))
	}
	checked := map[int]int{}
	for range results {
		n, err := found.Get(m)
		require.NoError(m, err)
		require.NoError(m, here.Send(m, n))
		checked[n], err = pipe.Recv[int](m, here)
		require.NoError(m, err)
	}
	for n, f := range results {
		v, err := f.Result(m)
		require.NoError(m, err)
		require.Equal(m, checked[n], v)
	}
	require.NoError(m, ex.Shutdown(m))
	require.NoError(m, here.Close())
	require.NoError(m, child.Join(m))
}

// TestChromeOfTheCompany: what the packages tell by themselves is all in the file,
// with both ends of every arrow; CheckChrome holds it against the rules.
func TestChromeOfTheCompany(t *testing.T) {
	var file struct {
		TraceEvents []struct {
			Ph, Name, Cat string
			Args          map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(chrome(t, recorded(t, 4, gil.CPython312, company), trace.Chrome{}), &file))
	count := map[string]int{}
	for _, e := range file.TraceEvents {
		count[e.Ph+" "+e.Name]++
		if e.Ph == "M" && (e.Name == "thread_name" || e.Name == "process_name") {
			count[e.Args["name"].(string)]++
		}
	}
	require.Equal(t, 3, count["M process_name"], "two processes and the cores")
	for _, name := range []string{
		"01 GIL", "02 MainThread of process 1", "03 worker_0", "04 worker_0: tasks", "05 worker_1", "06 worker_1: tasks", "07 moments",
		"01 GIL (2)", "02 MainThread of reports", "03 moments", "01 core 0",
	} {
		require.Equal(t, 1, count[name], "%s in %v", name, count)
	}
	for arrow, want := range map[string]int{"task": 6, "item": 6, "message": 11, "gil handover": 9} {
		require.Equal(t, want, count["s "+arrow], arrow) // the last message ends where nothing of any length follows
		require.Equal(t, want, count["f "+arrow], arrow)
	}
	require.Equal(t, 1, count["i process-start"])
	require.Equal(t, 1, count["i process-exit"])
	require.Positive(t, count["C queue found"])
	require.Positive(t, count["X wait queue a pipe to recv"])
}

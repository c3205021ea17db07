package pipe_test

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
)

// On a machine a pipe is emulated: the times are exact, and no time passes for
// real.
func ExampleNew_virtual() {
	_ = gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		a, b, _ := pipe.New(t)
		t.Go("worker", func(t *gil.Thread) {
			t.Sleep(3 * time.Hour)
			_ = b.Send(t, []any{42, nil, "hello"})
			_ = b.Close()
		})
		v, _ := a.Recv(t)
		fmt.Println(v, "after", t.Now())
		_, err := a.Recv(t)
		fmt.Println(err)
	})
	// Output:
	// [42 <nil> hello] after 3h0m0s
	// EOF
}

// Two threads of a program share an end of a pipe. Here writers take turns; the
// option shows what happens without that: the second message is none that anybody
// sent.
func ExampleWithTornWrites() {
	program := func(opts ...pipe.Option) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			r, w, _ := pipe.OneWay(t, opts...)
			for _, name := range []string{"first", "second"} {
				t.Go(name, func(t *gil.Thread) {
					_ = w.SendBytes(t, make([]byte, 300_000))
				}, gil.WithDaemon(true))
			}
			for range 2 {
				b, err := r.RecvBytes(t)
				fmt.Println(len(b), err)
				if err != nil {
					return
				}
			}
		}
	}
	_ = gil.NewMachine(2).Run(gil.CPython313, program())
	_ = gil.NewMachine(2).Run(gil.CPython313, program(pipe.WithTornWrites()))
	// Output:
	// 300000 <nil>
	// 300000 <nil>
	// 300000 <nil>
	// 0 <nil>
}

//go:build linux || darwin

package pipe_test

import (
	"context"
	"fmt"

	"github.com/pygil/pygil/pipe"
)

// An end of one connection travels through another.
func ExampleConn_Send_conn() {
	ctx := context.Background()
	a, b, err := pipe.New(ctx)
	check(err)
	r, w, err := pipe.OneWay(ctx)
	check(err)
	check(a.Send(ctx, w))
	check(w.Close())

	far, err := pipe.Recv[*pipe.Conn](ctx, b)
	check(err)
	check(far.Send(ctx, "through the copy"))
	check(far.Close())
	fmt.Println(r.Recv(ctx))
	_, err = r.Recv(ctx)
	fmt.Println(err)
	for _, c := range []*pipe.Conn{a, b, r} {
		check(c.Close())
	}
	// Output:
	// through the copy <nil>
	// EOF
}

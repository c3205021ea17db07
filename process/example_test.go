//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// A function is defined in a package variable: parent and child both run it.
var shout = process.Define("shout", func(ctx context.Context, s string) (string, error) {
	return strings.ToUpper(s) + "!", nil
})

func ExampleFunc_Call() {
	s, err := shout.Call(context.Background(), "hello") // in a process of its own
	fmt.Println(s, err)
	// Output: HELLO! <nil>
}

var greet = process.DefineTarget("greet", func(t *gil.Thread, name string) error {
	t.Print("hello", name)
	return nil
})

func ExampleFunc_Start() {
	ctx := context.Background()
	p, err := greet.Start(ctx, "bob")
	if err != nil {
		fmt.Println(err)
		return
	}
	err = p.Join(ctx)
	code, ended := p.ExitCode()
	fmt.Println(err, code, ended)
	// Output:
	// hello bob
	// <nil> 0 true
}

var reverse = process.DefineTarget("reverse", func(ctx context.Context, c *pipe.Conn) error {
	s, err := pipe.Recv[string](ctx, c)
	if err != nil {
		return err
	}
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return c.Send(ctx, string(b))
})

// A connection in an argument stays the connection that it is, and a process can
// be waited for together with one.
func ExampleProcess_Sentinel() {
	ctx := context.Background()
	mine, theirs, _ := pipe.New(ctx)
	defer mine.Close()
	p, err := reverse.Start(ctx, theirs)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = theirs.Close() // the child has its own
	_ = mine.Send(ctx, "desserts")
	ready, _ := pipe.Wait(ctx, mine, p.Sentinel())
	fmt.Println(ready[0] == pipe.Waitable(mine))
	fmt.Println(mine.Recv(ctx))
	_ = p.Join(ctx)
	fmt.Println(mine.Recv(ctx))
	// Output:
	// true
	// stressed <nil>
	// <nil> EOF
}

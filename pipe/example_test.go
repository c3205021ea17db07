package pipe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pygil/pygil/pipe"
)

// check keeps the examples short.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

func Example() {
	ctx := context.Background()
	a, b, err := pipe.New(ctx)
	check(err)
	defer b.Close()

	check(a.Send(ctx, []any{42, nil, "hello"}))
	check(a.Send(ctx, map[string]int{"answer": 42}))
	check(a.Close())
	for {
		v, err := b.Recv(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		fmt.Printf("%T %v\n", v, v)
	}
	// Output:
	// []interface {} [42 <nil> hello]
	// map[string]int map[answer:42]
}

func ExampleOneWay() {
	ctx := context.Background()
	r, w, err := pipe.OneWay(ctx)
	check(err)
	defer r.Close()
	defer w.Close()

	fmt.Println(r.Send(ctx, 1))
	_, err = w.Recv(ctx)
	fmt.Println(err)
	// Output:
	// pipe: connection is read-only: send on the other end
	// pipe: connection is write-only: receive on the other end
}

func ExampleRecv() {
	ctx := context.Background()
	a, b, err := pipe.New(ctx)
	check(err)
	defer a.Close()
	defer b.Close()

	check(a.Send(ctx, []float64{1, 2.5}))
	xs, err := pipe.Recv[[]float64](ctx, b)
	check(err)
	fmt.Println(xs[0] + xs[1])
	// Output: 3.5
}

func ExampleConn_RecvTimeout() {
	ctx := context.Background()
	a, b, err := pipe.New(ctx)
	check(err)
	defer a.Close()
	defer b.Close()

	_, err = b.RecvTimeout(ctx, time.Millisecond)
	fmt.Println(err, errors.Is(err, pipe.ErrTimeout), errors.Is(err, context.DeadlineExceeded))
	_, err = b.TryRecv(ctx)
	fmt.Println(err == pipe.ErrWouldBlock)
	// Output:
	// pipe: recv timed out true true
	// true
}

func ExampleConn_RecvBytesInto() {
	ctx := context.Background()
	a, b, err := pipe.New(ctx)
	check(err)
	defer a.Close()
	defer b.Close()

	buf := make([]byte, 8)
	check(a.SendBytes(ctx, []byte("short")))
	n, err := b.RecvBytesInto(ctx, buf)
	fmt.Printf("%s %v\n", buf[:n], err)

	check(a.SendBytes(ctx, []byte("rather long")))
	_, err = b.RecvBytesInto(ctx, buf)
	var short *pipe.BufferTooShort
	fmt.Println(errors.As(err, &short), string(short.Message))
	// Output:
	// short <nil>
	// true rather long
}

// Both sides prove that they have the key before anything else is read.
func ExampleListen() {
	ctx := context.Background()
	key := pipe.WithAuthKey([]byte("secret"))
	l, err := pipe.Listen(ctx, "unix", "", key)
	check(err)
	defer l.Close()

	_, err = pipe.Dial(ctx, "unix", l.Addr().String(), pipe.WithAuthKey([]byte("guess")))
	fmt.Println(err)

	client, err := pipe.Dial(ctx, "unix", l.Addr().String(), key)
	check(err)
	defer client.Close()
	server, err := l.Accept(ctx)
	check(err)
	defer server.Close()
	check(client.Send(ctx, "hello"))
	fmt.Println(server.Recv(ctx))
	// Output:
	// pipe: authentication failed: the other side has another key
	// hello <nil>
}

func ExampleWait() {
	ctx := context.Background()
	r1, w1, err := pipe.OneWay(ctx)
	check(err)
	r2, w2, err := pipe.OneWay(ctx)
	check(err)
	check(w2.Send(ctx, "from the second"))
	ready, err := pipe.Wait(ctx, r1, r2)
	check(err)
	for _, item := range ready {
		fmt.Println(item.(*pipe.Conn).Recv(ctx))
	}
	for _, c := range []*pipe.Conn{r1, w1, r2, w2} {
		check(c.Close())
	}
	// Output: from the second <nil>
}

//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"log"

	"github.com/pygil/pygil/process"
)

type counting struct {
	Lock  *process.Lock
	Count *process.Value[int]
}

var countTo = process.DefineTarget("example.count", func(ctx context.Context, c counting) error {
	for range 1000 {
		if err := c.Lock.Acquire(ctx); err != nil {
			return err
		}
		n, err := c.Count.Load(ctx)
		if err == nil {
			err = c.Count.Store(ctx, n+1)
		}
		if err := c.Lock.Release(ctx); err != nil {
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
})

// Two processes count together. Without the lock they would lose counts.
func ExampleLock() {
	ctx := context.Background()
	lock, err := process.NewLock(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer lock.Close()
	count, err := process.NewValue(ctx, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer count.Close()
	var all []*process.Process
	for range 2 {
		p, err := countTo.Start(ctx, counting{lock, count})
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, p)
	}
	for _, p := range all {
		if err := p.Join(ctx); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(count.Load(ctx))
	// Output: 2000 <nil>
}

// A process that dies with a lock leaves it to who knows what to repair.
func ExampleLock_Recover() {
	ctx := context.Background()
	lock, err := process.NewLock(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer lock.Close()
	p, err := dieWith.Start(ctx, lock)
	if err != nil {
		log.Fatal(err)
	}
	if err := p.Join(ctx); err != nil {
		log.Fatal(err)
	}
	err = lock.Acquire(ctx)
	fmt.Println(err != nil)
	if err := lock.Recover(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("repaired", lock.Release(ctx))
	// Output:
	// true
	// repaired <nil>
}

var dieWith = process.DefineTarget("example.die", func(ctx context.Context, l *process.Lock) error {
	return l.Acquire(ctx) // and never releases it
})

// Add is one atomic instruction: nothing is lost, and no lock is needed.
func ExampleAdd() {
	ctx := context.Background()
	v, err := process.NewValue(ctx, 40)
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	fmt.Println(process.Add(ctx, v, 2))
	// Output: 42 <nil>
}

// A dict that several processes can use through a manager.
func ExampleManager() {
	ctx := context.Background()
	m, err := process.NewManager(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = m.Shutdown(ctx) }()
	d, err := m.Dict(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := d.Set(ctx, "answer", 42); err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Get(ctx, "answer"))
	// Output: 42 true <nil>
}

// Nobody has to unlink what a manager has made.
func ExampleSharedMemoryManager() {
	ctx := context.Background()
	s, err := process.NewSharedMemoryManager(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	l, err := s.ShareableList(ctx, "hello", 42)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	fmt.Println(l.Values())
	// Output: [hello 42] <nil>
}

// Any program of this computer can attach to a block by its name.
func ExampleSharedMemory() {
	ctx := context.Background()
	m, err := process.NewSharedMemory(ctx, "", 16)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = m.Unlink(), m.Close() }()
	copy(m.Buf(), "hello")
	other, err := process.OpenSharedMemory(ctx, m.Name())
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()
	fmt.Println(string(other.Buf()[:5]))
	// Output: hello
}

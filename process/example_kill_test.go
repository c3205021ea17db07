package process_test

import (
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
)

// A till is money, and what it was counted to be.
type till struct {
	Lock         *process.Lock
	Cash, Ledger *process.Value[int]
}

var deposit = process.DefineTarget("example.deposit", func(t *gil.Thread, in till) error {
	return in.Lock.With(t, func() {
		_, _ = process.Add(t, in.Cash, 10)
		_, _ = process.Add(t, in.Ledger, 10)
	})
})

// With kill points the explorer also lets a process die between any two of its
// operations. It finds the program that takes a lock's being free for its data's being
// whole, although the lock says that its owner has died.
func Example_killPoints() {
	program := func(recover func(t *gil.Thread, in till)) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			lock, _ := process.NewLock(t)
			cash, _ := process.NewValue(t, 0)
			ledger, _ := process.NewValue(t, 0)
			in := till{lock, cash, ledger}
			p, _ := deposit.Start(t, in)
			if err := lock.Acquire(t); errors.Is(err, process.ErrOwnerDied) {
				_ = lock.Recover(t)
				recover(t, in)
			}
			a, _ := cash.Load(t)
			b, _ := ledger.Load(t)
			_ = lock.Release(t)
			_ = p.Join(t)
			if a != b {
				panic(fmt.Sprintf("%d in the till, %d in the ledger", a, b))
			}
		}
	}
	careless := program(func(*gil.Thread, till) {})
	f := explore.Find(careless, explore.WithKillPoints(1))
	fmt.Println(f.Kind, f.Err)

	careful := program(func(t *gil.Thread, in till) {
		n, _ := in.Cash.Load(t)
		_ = in.Ledger.Store(t, n)
	})
	r := explore.Run(careful, explore.WithKillPoints(1))
	fmt.Println("careful:", r.Failed(), r.Exhausted)
	// Output:
	// panic gil: uncaught panic in thread MainThread: 10 in the till, 0 in the ledger
	// careful: false true
}

// Package pool runs functions on workers: Python's concurrent.futures, and the pools of
// multiprocessing.
//
//	ex := pool.NewThreadExecutor(t, 4)
//	f := pool.Submit(t, ex, pool.Func(func(t *gil.Thread, n int) (int, error) { return n * n, nil }), 7)
//	n, err := f.Result(t) // 49
//	err = ex.Shutdown(t)
//
// [Submit] returns a [Future]; [Wait] and [AsCompleted] wait for several. [MapOn] is an
// executor's map. A [Pool] has multiprocessing's verbs: [Map], [Apply], [IMap] …
package pool

# Prints how long this Python takes for one item or task, in nanoseconds, the best of
# several tries: python bench.py OPERATION
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import Pool
from time import perf_counter as now


def square(n):
    return n * n


def best(times, n, fn):
    least = 1e9
    for _ in range(times):
        begin = now()
        fn()
        least = min(least, now() - begin)
    return least / n * 1e9


def main(operation):
    if operation.startswith("pool"):
        with Pool(2) as p:
            if operation == "pool map 1":
                n = 20000
                return best(3, n, lambda: p.map(square, range(n), chunksize=1))
            n = 100000
            return best(3, n, lambda: p.map(square, range(n)))
    if operation.startswith("executor"):
        with ProcessPoolExecutor(2) as ex:
            if operation == "executor map 1":
                n = 4000
                return best(3, n, lambda: list(ex.map(square, range(n))))
            n = 1000
            return best(3, n, lambda: [ex.submit(square, 7).result() for _ in range(n)])
    with ThreadPoolExecutor(2) as ex:
        n = 20000

        def run():
            for f in [ex.submit(square, i) for i in range(n)]:
                f.result()

        return best(3, n, run)


if __name__ == "__main__":
    import os
    # A script from stdin cannot be imported by workers that are spawned.
    import multiprocessing
    multiprocessing.set_start_method("fork")
    print(main(sys.argv[1]))

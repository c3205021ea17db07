"""CPython's side of the benchmarks of starting: prints "name value" lines, seconds
for one start and join of a process that does nothing."""
import multiprocessing as mp
import sys
import time


def nothing(n):
    pass


def main():
    for method in "spawn", "fork":
        ctx = mp.get_context(method)
        best = None
        for _ in range(int(sys.argv[1])):
            begin = time.perf_counter()
            p = ctx.Process(target=nothing, args=(1,))
            p.start()
            p.join()
            took = time.perf_counter() - begin
            assert p.exitcode == 0
            best = took if best is None else min(best, took)
        print(method, "%.9f" % best)


if __name__ == "__main__":
    main()

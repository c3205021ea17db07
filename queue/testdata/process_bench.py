# Prints how long this Python takes for one item between two processes, in nanoseconds:
# python process_bench.py small|large|latency
import multiprocessing
import sys
from time import perf_counter as now


def small(q, n):
    for i in range(n):
        q.put(i)


def large(q, n):
    data = bytes(1 << 20)
    for _ in range(n):
        q.put(data)


def echo(q, back, n):
    for _ in range(n):
        back.put(q.get())


def main(what):
    ctx = multiprocessing.get_context("fork")
    if what == "latency":
        q, back, n = ctx.SimpleQueue(), ctx.SimpleQueue(), 5000
        p = ctx.Process(target=echo, args=(q, back, n + 1))
        p.start()
        q.put(0)
        back.get()
        begin = now()
        for i in range(n):
            q.put(i)
            if back.get() != i:
                sys.exit("wrong")
        took = (now() - begin) / (2 * n)
    else:
        n = 100000 if what == "small" else 500
        q = ctx.Queue(0 if what == "small" else 8)
        p = ctx.Process(target=small if what == "small" else large, args=(q, n + 1))
        p.start()
        q.get()
        begin = now()
        for i in range(n):
            v = q.get()
            if what == "small" and v != i + 1 or what == "large" and len(v) != 1 << 20:
                sys.exit("wrong")
        took = (now() - begin) / n
    p.join()
    print(took * 1e9)


if __name__ == "__main__":
    main(sys.argv[1])

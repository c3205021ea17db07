"""CPython's side of the benchmarks: prints "name value" lines, seconds per
operation. A message counts when its receiver has it.

    bench.py              everything once
    bench.py rtt          a round of round trips for each line of stdin, which says how
                          many; prints the seconds that one took
"""
import sys
import threading
import time
import multiprocessing as mp
from multiprocessing import connection


def echo(c):
    try:
        while True:
            c.send(c.recv())
    except EOFError:
        pass


def drain(c, n, how):
    for _ in range(n):
        v = c.recv_bytes() if how == "bytes" else c.recv()
    c.send(len(v) if how == "bytes" else 1)


def best(fn, rounds=5):
    return min(fn() for _ in range(rounds))


def say(name, seconds):
    print(name, "%.9f" % seconds)
    sys.stdout.flush()


class RoundTrips(object):
    """A connection to a child process that echoes."""

    def __init__(self):
        ctx = mp.get_context("fork")
        self.here, there = ctx.Pipe()
        self.child = ctx.Process(target=echo, args=(there,))
        self.child.start()
        there.close()

    def round(self, n=3000):
        t = time.perf_counter()
        for _ in range(n):
            self.here.send(7)
            assert self.here.recv() == 7
        return (time.perf_counter() - t) / n

    def end(self):
        self.child.terminate()  # it has a copy of here, so closing that would tell it nothing
        self.child.join()


def rounds():
    trips = RoundTrips()
    for line in iter(sys.stdin.readline, ""):
        say("rtt", trips.round(int(line)))
    trips.end()


def main():
    ctx = mp.get_context("fork")
    trips = RoundTrips()
    say("rtt", best(trips.round))
    trips.end()

    def stream(how, message, n):
        a, b = ctx.Pipe()
        p = ctx.Process(target=drain, args=(b, n, how))
        p.start()
        b.close()
        t = time.perf_counter()
        for _ in range(n):
            if how == "bytes":
                a.send_bytes(message)
            else:
                a.send(message)
        a.recv()
        t = time.perf_counter() - t
        p.join()
        return t / n
    say("small", best(lambda: stream("object", 7, 20000)))
    say("smallbytes", best(lambda: stream("bytes", b"1234", 20000)))
    say("mib", best(lambda: stream("object", b"x" * (1 << 20), 300)))
    say("mibbytes", best(lambda: stream("bytes", b"x" * (1 << 20), 300)))

    server = connection.Listener(None, "AF_UNIX", backlog=100, authkey=b"key")

    def accept():
        try:
            while True:
                server.accept().close()
        except OSError:
            pass
    threading.Thread(target=accept, daemon=True).start()

    def connect(n=100):
        t = time.perf_counter()
        for _ in range(n):
            connection.Client(server.address, authkey=b"key").close()
        return (time.perf_counter() - t) / n
    say("connect", best(connect))


if __name__ == "__main__":
    rounds() if sys.argv[1:] == ["rtt"] else main()

# Prints how long this Python takes for an operation, in nanoseconds, the best of
# several tries: python bench.py OPERATION
from __future__ import print_function
import sys
import threading
from timeit import Timer

setup = """
import threading
lock, rlock = threading.Lock(), threading.RLock()
semaphore, bounded = threading.Semaphore(), threading.BoundedSemaphore()
condition, event = threading.Condition(threading.Lock()), threading.Event()
local = threading.local()
local.x = 1
"""
alone = {
    "lock": "lock.acquire(); lock.release()",
    "rlock": "rlock.acquire(); rlock.release()",
    "semaphore": "semaphore.acquire(); semaphore.release()",
    "bounded": "bounded.acquire(); bounded.release()",
    "condition": "condition.acquire(); condition.notify(); condition.release()",
    "event": "event.set(); event.clear()",
    "local": "local.x",
}


def events(n):
    ping, pong = threading.Event(), threading.Event()

    def other():
        for _ in range(n):
            ping.wait()
            ping.clear()
            pong.set()

    def this():
        for _ in range(n):
            ping.set()
            pong.wait()
            pong.clear()

    return this, other


def locks(n):
    ping, pong = threading.Lock(), threading.Lock()
    ping.acquire()
    pong.acquire()

    def other():
        for _ in range(n):
            ping.acquire()
            pong.release()

    def this():
        for _ in range(n):
            ping.release()
            pong.acquire()

    return this, other


def semaphores(n):
    ping, pong = threading.Semaphore(0), threading.Semaphore(0)

    def other():
        for _ in range(n):
            ping.acquire()
            pong.release()

    def this():
        for _ in range(n):
            ping.release()
            pong.acquire()

    return this, other


def conditions(n):
    condition, turn = threading.Condition(threading.Lock()), [0]

    def take(mine):
        def run():
            for _ in range(n):
                with condition:
                    while turn[0] != mine:
                        condition.wait()
                    turn[0] = 1 - mine
                    condition.notify()

        return run

    return take(0), take(1)


hops = {"event hop": events, "lock hop": locks, "semaphore hop": semaphores, "condition hop": conditions}


def hop(pair, n):
    from timeit import default_timer as now

    this, other = pair(n)
    thread = threading.Thread(target=other)
    thread.start()
    begin = now()
    this()
    thread.join()
    return (now() - begin) / (2 * n)


name = sys.argv[1]
if name in alone:
    n = 100000
    took = min(Timer(alone[name], setup).repeat(5, n)) / n
    took -= min(Timer("pass").repeat(5, n)) / n
else:
    took = min(hop(hops[name], 2000) for _ in range(3))
print(took * 1e9)

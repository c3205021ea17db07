# Prints what queues of threads and of processes do, one line for each thing.
import multiprocessing
import queue
import re


def say(name, what):
    print("%s\t%s" % (name, what))


def attempt(name, fn):
    try:
        say(name, repr(fn()))
    except BaseException as e:
        kind = type(e).__name__
        say(name, ("%s: %s" % (kind, re.sub("<.*>", "<q>", str(e)))).strip(": "))


def draw(kind, make, process):
    # A random program, the same everywhere.
    for seed in range(1, 6):
        q, size, state, out = make(seed % 4), 0, seed, []
        for step in range(60):
            state = (state * 1103515245 + 12345) % (1 << 31)
            op, v = state >> 16 & 7, state >> 8 & 0xff
            try:
                if op < 3:
                    q.put_nowait(v)
                    size += 1
                    out.append("+")
                elif op < 5:
                    # What a process has put takes a moment to be there.
                    out.append(str(q.get(timeout=30) if process and size else q.get_nowait()))
                    size -= 1
                elif op == 5:
                    q.task_done()
                    out.append("done")
                elif op == 6:
                    out.append("%d" % q.qsize())
                else:
                    out.append("full" if q.full() else "-")
            except (queue.Full, queue.Empty, ValueError) as e:
                out.append(type(e).__name__)
        say("random %s %d" % (kind, seed), " ".join(out))
        while process and size:
            q.get(timeout=30)
            size -= 1


def threads():
    for name, make in ("Queue", queue.Queue), ("LifoQueue", queue.LifoQueue), ("PriorityQueue", queue.PriorityQueue):
        draw(name, make, False)
        q = make(1)
        attempt(name + " get empty", q.get_nowait)
        attempt(name + " get timeout 0", lambda: q.get(timeout=0))
        attempt(name + " get timeout -1", lambda: q.get(timeout=-1))
        attempt(name + " put timeout -1", lambda: q.put(1, timeout=-1))
        attempt(name + " put", lambda: q.put(1))
        attempt(name + " put full", lambda: q.put_nowait(2))
        attempt(name + " put full timeout", lambda: q.put(2, timeout=0.01))
        attempt(name + " task_done", q.task_done)
        attempt(name + " task_done twice", q.task_done)
        if hasattr(q, "shutdown"):
            attempt("shutdown " + name, q.shutdown)
            attempt("shutdown " + name + " put", lambda: q.put(3))
            attempt("shutdown " + name + " get", q.get)
            attempt("shutdown " + name + " get again", q.get)
    attempt("unlimited put timeout -1", lambda: queue.Queue().put(1, timeout=-1))


def processes():
    draw("JoinableQueue", multiprocessing.JoinableQueue, True)
    q = multiprocessing.JoinableQueue(1)
    attempt("mp get empty", q.get_nowait)
    attempt("mp get timeout 0", lambda: q.get(timeout=0))
    attempt("mp get timeout -1", lambda: q.get(timeout=-1))
    attempt("mp put", lambda: q.put(1, timeout=-1))
    attempt("mp put full", lambda: q.put_nowait(2))
    attempt("mp put full timeout", lambda: q.put(2, timeout=0.01))
    attempt("mp put full timeout -1", lambda: q.put(2, timeout=-1))
    attempt("mp qsize", q.qsize)
    attempt("mp full", q.full)
    attempt("mp get", lambda: q.get(timeout=30))
    attempt("mp task_done", q.task_done)
    attempt("mp task_done twice", q.task_done)
    attempt("mp join", q.join)
    attempt("mp join_thread before close", q.join_thread)
    attempt("mp close", q.close)
    attempt("mp close twice", q.close)
    attempt("mp join_thread", q.join_thread)
    attempt("mp put closed", lambda: q.put(1))
    attempt("mp put_nowait closed", lambda: q.put_nowait(1))
    attempt("mp get closed", q.get)
    attempt("mp get_nowait closed", q.get_nowait)
    attempt("mp empty closed", q.empty)
    attempt("mp qsize closed", q.qsize)
    attempt("mp full closed", q.full)
    s = multiprocessing.SimpleQueue()
    attempt("simple empty", s.empty)
    attempt("simple put", lambda: s.put([42, None, "hello"]))
    attempt("simple empty with an item", s.empty)
    attempt("simple get", s.get)
    attempt("simple close", s.close)
    attempt("simple close twice", s.close)
    attempt("simple put closed", lambda: s.put(1))
    attempt("simple get closed", s.get)
    attempt("simple empty closed", s.empty)


if __name__ == "__main__":
    threads()
    processes()

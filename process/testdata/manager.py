"""The Python side of manager_python_test.go.

    manager.py serve ADDRESS KEY    a SyncManager's server, which prints when it is ready
    manager.py drive ADDRESS KEY    uses a server's objects and prints what happens

ADDRESS is a path, or host:port. KEY is text.
"""
import queue
import sys
import threading
from multiprocessing.managers import SyncManager

SyncManager.register("jobs")


class Server(SyncManager):
    pass


JOBS = queue.Queue()
Server.register("jobs", callable=lambda: JOBS)


def place(address):
    if ":" in address:
        host, port = address.rsplit(":", 1)
        return host, int(port)
    return address


def serve(address, key):
    server = Server(place(address), key.encode()).get_server()
    print("serving")
    sys.stdout.flush()
    server.serve_forever()


def tried(name, f):
    try:
        print(name, f())
    except Exception as e:
        # The text of a RemoteError is a traceback.
        print(name, type(e).__name__, "" if type(e).__name__ == "RemoteError" else e.args)


def drive(address, key):
    import multiprocessing
    multiprocessing.current_process().authkey = key.encode()
    m = SyncManager(place(address), key.encode())
    m.connect()

    d = m.dict({"a": 1}, b=[2, None])
    d[(1, "t")] = {"nested": (1.5, b"x")}
    d.update([("u", 7)], v=8)
    tried("dict", lambda: [d["a"], d.get("b"), d.get("z", 5), len(d), "a" in d, "z" in d, d[(1, "t")]])
    tried("dict missing", lambda: d["nope"])
    tried("dict unhashable", lambda: d.__setitem__([], 1))
    tried("dict pop", lambda: [d.pop("u"), d.pop("u", 0), d.setdefault("s", 3), d.setdefault("s", 4)])
    tried("dict pop missing", lambda: d.pop("nope"))
    tried("dict views", lambda: [d.keys(), d.values(), d.items(), list(d), d.copy() == d._getvalue()])
    tried("dict popitem", lambda: d.popitem())
    tried("dict str", lambda: str(d))
    tried("dict del", lambda: [d.__delitem__("v"), len(d), d.clear(), len(d)])
    tried("dict popitem empty", lambda: d.popitem())

    l = m.list([3, 1, 2])
    l.append("x")
    l.extend((4, 5))
    l += [6]
    tried("list", lambda: [l[0], l[-1], l[1:3], l[::-2], l[5:1:-1], l[10:], len(l), 1 in l, 9 in l, l.count(1.0), l.index("x")])
    tried("list out of range", lambda: l[99])
    tried("list index", lambda: l.index(99))
    tried("list remove", lambda: l.remove(99))
    tried("list sort mixed", lambda: m.list([3, 1, 2, "x", 4]).sort())
    tried("list changes", lambda: [l.remove("x"), l.insert(0, 0), l.insert(-1, 9), l.pop(), l.pop(1), l.reverse(), l[:]])
    tried("list sort", lambda: [l.sort(reverse=True), l[:], l.sort(), l[:]])
    l[0], l[1:3] = "first", ["a", "b"]
    del l[-1]
    tried("list set", lambda: [l[:], l + [1], l * 2, list(l)])
    tried("list set out of range", lambda: l.__setitem__(99, 1))
    tried("list str", lambda: str(l))
    tried("list pop empty", lambda: m.list().pop())

    n = m.Namespace(x=1)
    n.y = [2]
    tried("namespace", lambda: [n.x, n.y, str(n)])
    del n.x
    tried("namespace missing", lambda: n.x)

    v = m.Value("i", 3)
    v.value += 4
    tried("value", lambda: [v.value, v.get(), v.set(5), v.value, str(v)])

    q = m.Queue(2)
    q.put("a")
    q.put(("b", 1), True, 1)
    tried("queue", lambda: [q.qsize(), q.full(), q.empty()])
    tried("queue full", lambda: q.put(3, False))
    tried("queue full timeout", lambda: q.put(3, timeout=0.01))
    tried("queue get", lambda: [q.get(), q.get_nowait()])
    tried("queue empty", lambda: q.get(block=False))
    tried("queue empty timeout", lambda: q.get(timeout=0.01))
    tried("queue negative", lambda: q.get(True, -1))
    tried("queue done", lambda: [q.task_done(), q.task_done(), q.join()])
    tried("queue done again", lambda: q.task_done())
    t = threading.Thread(target=lambda: tried("thread got", q.get))
    t.start()
    q.put("for the thread")
    t.join()
    tried("queue value", lambda: q._getvalue())

    lock = m.Lock()
    tried("lock", lambda: [lock.acquire(), lock.acquire(False), lock.acquire(True, 0.01), lock.release()])
    tried("lock free", lambda: lock.release())
    with lock:
        t = threading.Thread(target=lambda: [lock.acquire(), lock.release(), print("thread locked")])
        t.start()
    t.join()

    e = m.Event()
    tried("event", lambda: [e.is_set(), e.wait(0.01), e.set(), e.is_set(), e.wait(), e.clear(), e.is_set()])
    t = threading.Thread(target=lambda: tried("thread waited", e.wait))
    t.start()
    e.set()
    t.join()

    jobs, again = m.jobs(), m.jobs()
    jobs.put("shared")
    tried("jobs", again.get)
    outer = m.dict()
    outer["inner"] = m.list([1])
    outer["inner"].append(2)
    tried("nested", lambda: outer["inner"][:])
    tried("not exposed", lambda: d._callmethod("__class__"))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

"""The Python side: reads "name n", does it n times, answers with the seconds."""
import asyncio
import concurrent.futures
import multiprocessing
import pickle
import queue
import sys
import threading
from time import perf_counter

VALUE = {"id": 7, "name": "order", "prices": [1.5, 2.5, 3.5], "tags": ["a", "b", "c"]}
spawn = multiprocessing.get_context("spawn")
opened = {}


def once(name, make):
    if name not in opened:
        opened[name] = make()
    return opened[name]


def lock_pair(n):
    lock, count = threading.Lock(), 0
    began = perf_counter()
    for _ in range(n):
        lock.acquire()
        count += 1
        lock.release()
    return perf_counter() - began, count


def event_round_trip(n):
    there, back, count = threading.Event(), threading.Event(), [0]

    def echo():
        for _ in range(n):
            there.wait()
            there.clear()
            count[0] += 1
            back.set()

    other = threading.Thread(target=echo)
    other.start()
    began = perf_counter()
    for _ in range(n):
        there.set()
        back.wait()
        back.clear()
    took = perf_counter() - began
    other.join()
    return took, count[0]


def thread(n):
    count = [0]

    def work():
        count[0] += 1

    began = perf_counter()
    for _ in range(n):
        t = threading.Thread(target=work)
        t.start()
        t.join()
    return perf_counter() - began, count[0]


def queue_pair(n):
    q, count = queue.Queue(), 0
    began = perf_counter()
    for _ in range(n):
        q.put(1)
        count += q.get()
    return perf_counter() - began, count


def process_queue_pair(n):
    q, count = once("queue", spawn.Queue), 0
    began = perf_counter()
    for _ in range(n):
        q.put(1)
        count += q.get()
    return perf_counter() - began, count


def nothing():
    pass


def process(n):
    count = 0
    began = perf_counter()
    for _ in range(n):
        p = spawn.Process(target=nothing)
        p.start()
        p.join()
        count += p.exitcode == 0
    return perf_counter() - began, count


def echo(conn):
    while True:
        try:
            conn.send(conn.recv())
        except EOFError:
            return


def open_pipe():
    mine, theirs = spawn.Pipe()
    p = spawn.Process(target=echo, args=(theirs,), daemon=True)
    p.start()
    theirs.close()
    mine.send(0)
    mine.recv()  # the child is there
    return mine


def pipe_round_trip(n):
    conn, count = once("pipe", open_pipe), 0
    began = perf_counter()
    for _ in range(n):
        conn.send(1)
        count += conn.recv()
    return perf_counter() - began, count


def pickles(n):
    count = 0
    began = perf_counter()
    for _ in range(n):
        count += len(pickle.loads(pickle.dumps(VALUE, -1))["tags"]) == 3
    return perf_counter() - began, count


def one(x):
    return 1


def pool_item(n):
    pool = once("pool", lambda: spawn.Pool(2))
    items = list(range(n))
    began = perf_counter()
    count = sum(pool.map(one, items))
    return perf_counter() - began, count


def executor(n):
    ex, count = once("executor", lambda: concurrent.futures.ThreadPoolExecutor(2)), 0
    began = perf_counter()
    for i in range(n):
        count += ex.submit(one, i).result()
    return perf_counter() - began, count


def task(n):
    async def child():
        return 1

    async def main():
        count = 0
        for _ in range(n):
            count += await asyncio.create_task(child())
        return count

    began = perf_counter()
    count = asyncio.run(main())
    return perf_counter() - began, count


OPS = {
    "lock": lock_pair, "event": event_round_trip, "thread": thread, "queue": queue_pair,
    "process-queue": process_queue_pair, "process": process, "pipe": pipe_round_trip,
    "pickle": pickles, "pool": pool_item, "executor": executor, "task": task,
}


def main():
    print("Python", sys.version.split()[0], flush=True)
    for line in sys.stdin:
        name, n = line.split()
        try:
            took, count = OPS[name](int(n))
            if count != int(n):
                raise ValueError("did %d of %s" % (count, n))
            print(took, flush=True)
        except Exception as e:
            print("error:", type(e).__name__, e, flush=True)
    if "pool" in opened:
        opened["pool"].terminate()
        opened["pool"].join()
    if "executor" in opened:
        opened["executor"].shutdown()


if __name__ == "__main__":
    main()

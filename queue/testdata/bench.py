# Prints how long this Python takes for one item, in nanoseconds, the best of several
# tries: python bench.py OPERATION
from __future__ import print_function
import queue
import sys
import threading
from timeit import Timer, default_timer as now

alone = {
    "queue": "queue.Queue()",
    "lifo": "queue.LifoQueue()",
    "priority": "queue.PriorityQueue()",
    "simple": "queue.SimpleQueue()",
}


def pair(q, n):
    def producer():
        for i in range(n):
            q.put(i)

    other = threading.Thread(target=producer)
    begin = now()
    other.start()
    for _ in range(n):
        q.get()
    other.join()
    return now() - begin


operation = sys.argv[1]
pairs = {"pair": lambda: queue.Queue(1000), "simple pair": queue.SimpleQueue}
if operation in pairs:
    n = 20000
    best = min(pair(pairs[operation](), n) for _ in range(5))
else:
    n = 50000
    best = min(Timer("q.put(1); q.get()", "import queue; q = " + alone[operation]).repeat(5, n))
print(best / n * 1e9)

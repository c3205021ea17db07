"""A worker of the pool: gets jobs from Go and sends back what they return or raise."""
import statistics
import sys
from multiprocessing.connection import Connection

jobs = {
    "mean": statistics.mean,
    "median": statistics.median,
    "count": lambda words: {word: words.count(word) for word in sorted(set(words))},
    "power": lambda n: n ** n,
}


def main():
    conn = Connection(int(sys.argv[1]))
    while True:
        try:
            name, data = conn.recv()
        except EOFError:
            return
        try:
            conn.send(jobs[name](data))
        except Exception as e:
            conn.send(e)


main()

# Times CPython's pickle; prints "name ns" lines. Each time is the best of five.
import pickle
import timeit


class Item:
    def __init__(self):
        self.ID = 1234567
        self.Name = "widget"
        self.Price = 12.5
        self.Tags = ["new", "blue"]
        self.Stock = {"berlin": 3, "oslo": 14}
        self.Sold = True


values = {
    "Int": 12345,
    "Struct": Item(),
    "Ints1000": list(range(1000)),
    "Map100": {"key%d" % i: i for i in range(100)},
    "List": [1, "x", 2.5, None, [True]],
    "Bytes1MiB": bytes(1 << 20),
}
for name, v in values.items():
    data = pickle.dumps(v)
    for verb, f in (("Marshal", lambda: pickle.dumps(v)), ("Unmarshal", lambda: pickle.loads(data))):
        n, _ = timeit.Timer(f).autorange()
        n = max(1, n // 8)
        print(name + "/" + verb, min(timeit.repeat(f, number=n, repeat=5)) / n * 1e9)

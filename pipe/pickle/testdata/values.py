"""Values for python_differential_test.go: any CPython from 2.7 on.

    values.py golden          what this version writes: "name protocol hex" lines
    values.py make SEED N     N random values, each of them pickled, to stdout
    values.py check SEED N    reads N pickles, which are to be those values
    values.py back            reads pickles, writes the values pickled again

A stream is: four bytes of length, big endian, and so many bytes, again and again.
The protocol of a random value's pickle goes round from 0 to the highest.
"""
import binascii
import pickle
import random
import struct
import sys

PY2 = sys.version_info[0] == 2
out = sys.stdout if PY2 else sys.stdout.buffer
inp = sys.stdin if PY2 else sys.stdin.buffer
if PY2:
    import cPickle

    dumps = cPickle.dumps
else:
    unichr, unicode, long = chr, str, int
    dumps = pickle.dumps


class Point(object):
    def __init__(self, x, y):
        self.x, self.y = x, y


class Slots(object):
    __slots__ = ("a",)

    def __init__(self, a):
        self.a = a


class Stack(list):
    pass


def fixed():
    shared = [1]
    cyclic = [1]
    cyclic.append(cyclic)
    knot = ([],)
    knot[0].append(knot)
    ring = {}
    ring["me"] = ring
    error = ValueError("no such luck", 7)
    error.note = "attribute"
    stack = Stack([1, 2])
    values = [
        ("none", None), ("true", True), ("false", False),
        ("int0", 0), ("int255", 255), ("int256", 256), ("int65536", 65536), ("int-1", -1),
        ("int2147483647", 2 ** 31 - 1), ("int-2147483648", -2 ** 31), ("int2147483648", 2 ** 31),
        ("int-129long", -2 ** 63), ("big", 2 ** 64), ("big-", -2 ** 64), ("huge", 3 ** 2000), ("huge-", -2 ** 2047),
        ("float", 1.5), ("float-0", -0.0), ("inf", float("inf")), ("nan", float("nan")), ("complex", complex(1, -2)),
        ("text", u"h\xe9llo\n\\ \u20ac \U0001f600"), ("empty", u""), ("long", u"x" * 300),
        ("bytearray", bytearray(b"ab\xff")), ("bytearray0", bytearray()),
        ("list0", []), ("list1", [None]), ("list", [1, u"a", 2.5]), ("list1001", list(range(1001))),
        ("tuple0", ()), ("tuple1", (1,)), ("tuple2", (1, 2)), ("tuple3", (1, 2, 3)), ("tuple4", (1, 2, 3, 4)),
        ("dict0", {}), ("dict1", {u"a": 1}), ("dict2", {(1, 2): [3]}),
        ("set0", set()), ("set", {1}), ("frozenset0", frozenset()), ("frozenset", frozenset([1])),
        ("shared", [shared, shared]), ("cyclic", cyclic), ("knot", knot), ("ring", ring),
        ("exception", error), ("oserror", OSError(2, "No such file or directory")), ("keyerror", KeyError(u"k")),
        ("point", Point(1, u"two")), ("slots", Slots(1)), ("stack", stack), ("class", Point),
    ]
    if not PY2:
        values += [("surrogate", u"a\ud800b"), ("bytes0", b""), ("bytes", b"ab\x00\xff"), ("bytes300", b"x" * 300)]
    else:
        values += [("str", b"abc"), ("str-", b"ab\x00\xff'\"\\\n")]
    return values


def golden():
    say = sys.stdout.write
    for name, v in fixed():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            try:
                data = dumps(v, protocol)
            except Exception:
                continue  # slots need protocol 2; no protocol holds a knot in old versions
            say("%s %d %s\n" % (name, protocol, binascii.hexlify(data).decode("ascii")))


class Maker(object):
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.made = []

    def text(self):
        n = self.r.randrange(8)
        return u"".join(unichr(self.r.choice([65, 98, 0, 10, 92, 39, 233, 0x20ac, 0xffff] + [0xd800, 0xdfff] * (not PY2))) for _ in range(n))

    def bytes(self):
        return bytes(bytearray(self.r.randrange(256) for _ in range(self.r.randrange(8))))

    def plain(self):
        r = self.r
        k = r.randrange(9)
        if k == 0:
            return None
        if k == 1:
            return r.random() < 0.5
        if k == 2:
            return r.randrange(-300, 300)
        if k == 3:
            return r.choice([1, -1]) * r.getrandbits(r.choice([8, 16, 31, 32, 63, 64, 65, 200, 3000]))
        if k == 4:
            return r.choice([0.0, -0.0, 1.5, 1e300, 5e-324, float("inf"), float("-inf"), r.random()])
        if k == 5:
            return complex(r.random(), r.randrange(3))
        if k == 6 and not PY2:
            return self.bytes()
        return self.text()

    def key(self, deep=0):
        k = self.r.randrange(6)
        if k == 0 and deep < 3:
            return tuple(self.key(deep + 1) for _ in range(self.r.randrange(4)))
        if k == 1 and deep < 3:
            return frozenset(self.key(deep + 1) for _ in range(self.r.randrange(4)))
        return self.plain()

    def value(self, deep=0):
        r = self.r
        k = r.randrange(14)
        if k < 4 or deep > 5:
            return self.plain()
        if k == 4 and self.made:
            return r.choice(self.made)
        n = r.choice([0, 1, 2, 3, 4, 5])
        if k in (5, 6):
            v = []
            self.made.append(v)
            v.extend(self.value(deep + 1) for _ in range(n))
            return v
        if k in (7, 8):
            v = {}
            self.made.append(v)
            for _ in range(n):
                v[self.key()] = self.value(deep + 1)
            return v
        if k == 9:
            v = {self.key() for _ in range(n)}
        elif k == 10:
            v = frozenset(self.key() for _ in range(n))
        elif k == 11:
            v = bytearray(self.bytes())
        elif k == 12:
            v = r.choice([ValueError, KeyError, RuntimeError, ZeroDivisionError])(*[self.plain() for _ in range(n % 3)])
            if n == 5:
                v.extra = [self.plain()]
        else:
            v = tuple(self.value(deep + 1) for _ in range(n))
        if v != () and v != frozenset():
            self.made.append(v)
        return v


def canon(v, seen, numbered=True):
    """A text that two values have if they are equal, to the sharing in them."""
    t = type(v)
    if v is None or t in (bool, int, long, float, complex, bytes):
        name = "int" if t is long else t.__name__
        return "%s %r" % (name, v)
    if t is unicode:
        return "str %r" % v
    if v == () and t is tuple or v == frozenset() and t is frozenset:
        return t.__name__ + "()"
    if numbered:
        if id(v) in seen:
            return "<%d>" % seen[id(v)][0]
        seen[id(v)] = (len(seen), v)
    if t is bytearray:
        return "bytearray %r" % bytes(v)
    if t in (list, tuple):
        return t.__name__ + "(" + ", ".join(canon(x, seen, numbered) for x in v) + ")"
    if t in (set, frozenset):
        return t.__name__ + "(" + ", ".join(sorted(canon(x, seen, False) for x in v)) + ")"
    if t is dict:
        items = list(v.items())
        if sys.version_info < (3, 7):  # no order
            items = sorted(items, key=lambda kv: canon(kv[0], seen, False))
        return "dict(" + ", ".join(canon(k, seen, False) + ": " + canon(x, seen, numbered) for k, x in items) + ")"
    if isinstance(v, Exception):
        return t.__name__ + canon(v.args, seen, False) + canon(v.__dict__, {}, False)
    raise TypeError(t)


def write(data):
    out.write(struct.pack(">i", len(data)) + data)


def read():
    head = inp.read(4)
    return inp.read(struct.unpack(">i", head)[0]) if head else None


def random_values(seed, n):
    for i in range(int(n)):
        yield i, Maker(int(seed) * 1000003 + i).value()


def make(seed, n):
    for i, v in random_values(seed, n):
        protocol = i % (pickle.HIGHEST_PROTOCOL + 1)
        if PY2:
            protocol = i % 3
        try:
            write(dumps(v, protocol))
        except RuntimeError:  # RecursionError: a cycle through a tuple, below protocol 2
            write(dumps(None, protocol))


def check(seed, n):
    wrong = 0
    for i, v in random_values(seed, n):
        got = pickle.loads(read())
        want, have = canon(v, {}), canon(got, {})
        if want != have:
            wrong += 1
            print("value %d:\n  sent %s\n  got  %s" % (i, want, have))
    print("%d differ" % wrong)


def back():
    i = 0
    while True:
        data = read()
        if data is None:
            return
        write(dumps(pickle.loads(data), i % (pickle.HIGHEST_PROTOCOL + 1)))
        i += 1


if __name__ == "__main__":
    sys.setrecursionlimit(5000)
    globals()[sys.argv[1]](*sys.argv[2:])

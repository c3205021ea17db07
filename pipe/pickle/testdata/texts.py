# Prints what CPython's pickle says in the situations that this package has too.
import pickle


def text(f, *args):
    try:
        f(*args)
    except BaseException as e:
        return str(e)
    return "no error"


deep = []
for _ in range(200000):
    deep = [deep]

print("generator:", text(pickle.dumps, (i for i in ())))
print("deep:", text(pickle.dumps, deep))
print("empty:", text(pickle.loads, b""))
print("short:", text(pickle.loads, b"\x80\x04X\x10\x00\x00\x00hi."))
print("huge:", text(pickle.loads, b"\x80\x04\x8d" + (2**62).to_bytes(8, "little") + b"hi."))
print("foreign:", text(pickle.loads, b"\xff."))
print("memo:", text(pickle.loads, b"h\x05."))
print("buffer:", text(pickle.loads, b"\x80\x05\x97."))

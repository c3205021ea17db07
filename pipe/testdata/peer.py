"""The other end of a connection, for python_test.go: any CPython from 2.7 on.

    peer.py listen unix|tcp KEY        print the address, accept, echo
    peer.py dial unix|tcp ADDRESS KEY  connect, echo
    peer.py fd N                       echo on an inherited descriptor
    peer.py values dial|fd ...         the same, with values: what recv got is sent
    peer.py silent unix|tcp ADDRESS    connect and say nothing, until stdin ends
    peer.py killed dial|listen ADDRESS KEY STEP
                                       a process for every STEP-th byte of a handshake
                                       and a message, which is killed when it has
                                       written so many; prints how many there were
    peer.py handshake HEX...           this version's challenge and its answers
    peer.py wire N...                  what messages of N bytes are on the wire

KEY is hexadecimal, "-" for none. Echo sends back every message, as bytes, until
the end of the file.
"""
import binascii
import hashlib
import os
import sys
import threading
from multiprocessing import connection


def key(text):
    return None if text == "-" else binascii.unhexlify(text)


def say(*words):
    print(" ".join(words))
    sys.stdout.flush()


def echo(c):
    if VALUES:
        return echo_values(c)
    n = 0
    try:
        while True:
            c.send_bytes(c.recv_bytes())
            n += 1
    except EOFError:
        say("echoed", str(n))


VALUES = False


def values(how, *args):
    global VALUES
    VALUES = True
    globals()[how](*args)


def echo_values(c):
    n = 0
    try:
        while True:
            v = c.recv()
            if isinstance(v, tuple) and v[:1] == ("drain",):
                for _ in range(v[1]):
                    v = len(c.recv())
            c.send(v)
            n += 1
    except EOFError:
        say("echoed", str(n))


def place(network, address):
    if network == "tcp":
        host, port = address.rsplit(":", 1)
        return host, int(port)
    return address


def listen(network, authkey):
    family = {"unix": "AF_UNIX", "tcp": "AF_INET"}[network]
    address = ("127.0.0.1", 0) if network == "tcp" else None
    server = connection.Listener(address, family, authkey=key(authkey))
    address = server.address
    say(address if network == "unix" else "%s:%d" % address)
    try:
        echo(server.accept())
    except connection.AuthenticationError as e:
        say("AuthenticationError", str(e))
    except (EOFError, IOError, OSError):
        say("gone")


def silent(network, address):
    import socket
    s = socket.socket(socket.AF_UNIX if network == "unix" else socket.AF_INET)
    s.connect(place(network, address))
    say("connected")
    sys.stdin.read()


def killed(how, address, authkey, step):
    import signal
    left = [0]

    def doomed_send(self, buf, *_):
        for i in range(len(buf)):
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
            os.write(self.fileno(), bytes(buf[i:i + 1]))

    connection.Connection._send = doomed_send
    if how == "listen":
        server = connection.Listener(address, "AF_UNIX", authkey=key(authkey))
        say("listening")
    total = 0
    while True:
        pid = os.fork()
        if pid == 0:
            try:
                left[0] = total
                c = server.accept() if how == "listen" else connection.Client(address, authkey=key(authkey))
                c.send(["x" * 20])
                c.recv_bytes()  # its answer: it has come
            except Exception:
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if status == 0:
            break
        if not os.WIFSIGNALED(status):
            say("failed at", str(total))
            return
        total += int(step)
    say("killed", str(total // int(step)))


def dial(network, address, authkey):
    try:
        echo(connection.Client(place(network, address), authkey=key(authkey)))
    except connection.AuthenticationError as e:
        say("AuthenticationError", str(e))
    except (EOFError, IOError, OSError):
        say("gone")


def fd(number):
    n = int(number)
    import fcntl
    fcntl.fcntl(n, fcntl.F_SETFL, fcntl.fcntl(n, fcntl.F_GETFL) & ~os.O_NONBLOCK)
    echo(own(n))


def own(n):
    if hasattr(connection, "Connection"):
        return connection.Connection(n)
    import _multiprocessing
    return _multiprocessing.Connection(n)


class Script(object):
    """A connection that answers from a list and keeps what was sent."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def send_bytes(self, b):
        self.sent.append(b)

    def recv_bytes(self, maxlength=None):
        return self.answers.pop(0)


def handshake(*challenges):
    os.urandom = lambda n: bytes(bytearray(range(n)))
    c = Script(b"wrong")
    try:
        connection.deliver_challenge(c, b"key")
    except connection.AuthenticationError:
        pass
    say("challenge", binascii.hexlify(c.sent[0][len(b"#CHALLENGE#"):]).decode())
    for text in challenges:
        c = Script(b"#CHALLENGE#" + binascii.unhexlify(text), b"#WELCOME#")
        connection.answer_challenge(c, b"key")
        say(text, binascii.hexlify(c.sent[0]).decode())


def pattern(n):
    return bytes(bytearray((i * 7 + (i >> 8)) & 255 for i in range(n)))


def wire(*sizes):
    for size in sizes:
        r, w = os.pipe()
        message = pattern(int(size))
        c = own(w)
        t = threading.Thread(target=lambda: (c.send_bytes(message), c.close()))
        t.start()
        got = b""
        while True:
            b = os.read(r, 65536)
            if not b:
                break
            got += b
        t.join()
        os.close(r)
        say(size, str(len(got)), binascii.hexlify(got[:8]).decode(), hashlib.sha256(got).hexdigest())


globals()[sys.argv[1]](*sys.argv[2:])

"""The other end of a connection, for python_test.go: any CPython from 2.7 on.

    peer.py listen unix|tcp KEY        print the address, accept, echo
    peer.py dial unix|tcp ADDRESS KEY  connect, echo
    peer.py fd N                       echo on an inherited descriptor
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
    n = 0
    try:
        while True:
            c.send_bytes(c.recv_bytes())
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


def dial(network, address, authkey):
    try:
        echo(connection.Client(place(network, address), authkey=key(authkey)))
    except connection.AuthenticationError as e:
        say("AuthenticationError", str(e))


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

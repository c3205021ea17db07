"""What CPython says of the life of a process: "name<TAB>what" lines. The tests
compare this package with them, and the stored lines with every Python there is."""
import multiprocessing as mp
import os
import pickle
import signal
import sys
import time


def end(how):
    sys.stderr.close()
    os.close(2)
    os.open(os.devnull, os.O_WRONLY)
    sys.stderr = open(2, "w", closefd=False)
    how()


def fail():
    raise ValueError("no such luck")


def signalled(number):
    os.kill(os.getpid(), number)
    time.sleep(60)


def interrupted():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signalled(signal.SIGINT)


CODES = [
    ("return", lambda: None),
    ("exception", fail),
    ("exit(0)", lambda: sys.exit(0)),
    ("exit(7)", lambda: sys.exit(7)),
    ("exit(-1)", lambda: sys.exit(-1)),
    ("exit(256)", lambda: sys.exit(256)),
    ("_exit(9)", lambda: os._exit(9)),
    ("SIGTERM", lambda: signalled(signal.SIGTERM)),
    ("SIGKILL", lambda: signalled(signal.SIGKILL)),
    ("SIGHUP", lambda: signalled(signal.SIGHUP)),
    ("SIGINT", interrupted),
]


def say(name, what):
    print("%s\t%s" % (name, what))
    sys.stdout.flush()


def raised(name, fn):
    try:
        fn()
    except Exception as e:
        say(name, "%s: %s" % (type(e).__name__, e))
    else:
        say(name, "nothing")


def refused(conn):
    try:
        mp.Process(target=time.sleep, args=(0,)).start()
    except Exception as e:
        conn.send("%s: %s" % (type(e).__name__, e))


def main():
    for name, how in CODES:
        p = mp.Process(target=end, args=(how,))
        p.start()
        p.join()
        say("code of " + name, p.exitcode)
    p = mp.Process(target=time.sleep, args=(60,))
    say("code before start", p.exitcode)
    say("alive before start", p.is_alive())
    raised("join before start", p.join)
    raised("sentinel before start", lambda: p.sentinel)
    p.start()
    raised("start twice", p.start)
    raised("daemon after start", lambda: setattr(p, "daemon", True))
    raised("close while running", p.close)
    p.terminate()
    p.join()
    p.close()
    raised("close twice", p.close)
    for name, fn in [
        ("join", p.join), ("is_alive", p.is_alive), ("terminate", p.terminate), ("kill", p.kill), ("start", p.start),
        ("exitcode", lambda: p.exitcode), ("pid", lambda: p.pid), ("sentinel", lambda: p.sentinel),
    ]:
        raised(name + " after close", fn)
    raised("join of the current process", mp.current_process().join)
    a, b = mp.Pipe()
    p = mp.Process(target=refused, args=(b,), daemon=True)
    p.start()
    say("child of a daemon", a.recv())
    p.join()
    raised("pickled key", lambda: pickle.dumps(mp.current_process().authkey))
    say("name of main", mp.current_process().name)


if __name__ == "__main__":
    mp.set_start_method("fork")
    main()

# Prints what this Python answers to each misuse of threading that has a counterpart
# in Go: name, exception, text. "none" is no exception; a line is missing where this
# Python does not have the feature. The first line is the version.
from __future__ import print_function
import platform
import threading

print("# CPython " + platform.python_version())


def ask(name, misuse):
    try:
        misuse()
    except TypeError:
        return  # no such argument in this version
    except Exception as e:
        print("%s | %s | %s" % (name, type(e).__name__, e))
    else:
        print("%s | none |" % name)


def held(lock):
    lock.acquire()
    return lock


def notify(n):
    condition = held(threading.Condition())
    condition.notify(n)


def elsewhere(lock, use):
    # What use raises when another thread holds the lock.
    begun, done = threading.Event(), threading.Event()

    def hold():
        lock.acquire()
        begun.set()
        done.wait()
        lock.release()

    holder = threading.Thread(target=hold)
    holder.start()
    begun.wait()
    try:
        use()
    finally:
        done.set()
        holder.join()


def started_twice():
    timer = threading.Timer(0, int)
    timer.start()
    timer.join()
    timer.start()


def broken():
    barrier = threading.Barrier(2)
    barrier.abort()
    barrier.wait()


lock, rlock, condition = threading.Lock(), threading.RLock(), threading.Condition()
ask("lock release", lock.release)
ask("lock timeout", lambda: threading.Lock().acquire(timeout=-2))
ask("rlock release", rlock.release)
ask("rlock release other", lambda: elsewhere(rlock, rlock.release))
ask("rlock timeout", lambda: threading.RLock().acquire(timeout=-2))
ask("condition release", threading.Condition().release)
ask("condition wait", condition.wait)
ask("condition wait other", lambda: elsewhere(condition, condition.wait))
ask("condition notify", condition.notify)
ask("condition notify other", lambda: elsewhere(condition, condition.notify))
ask("condition notify all", getattr(condition, "notify_all"))
ask("condition notify negative", lambda: notify(-1))
ask("semaphore initial", lambda: threading.Semaphore(-1))
ask("semaphore release none", lambda: threading.Semaphore().release(0))
ask("bounded semaphore initial", lambda: threading.BoundedSemaphore(-1))
ask("bounded semaphore release", threading.BoundedSemaphore().release)
ask("bounded semaphore release many", lambda: threading.BoundedSemaphore(3).release(2))
if hasattr(threading, "Barrier"):
    ask("barrier parties", lambda: threading.Barrier(0))
    ask("barrier broken", broken)
ask("timer start", started_twice)
ask("timer join", threading.Timer(0, int).join)

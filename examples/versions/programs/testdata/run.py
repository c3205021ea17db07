# Performs programs many times and writes for each a line with its number and the
# states it has ended with, separated by |. Programs come on stdin as JSON: a number and
# the source of the functions t0, t1, ... that the threads perform.
#
# Half of the time they are threads, with the smallest interval between two switches.
# The other half they are signal handlers: the interpreter looks for signals where it
# looks whether to switch and nowhere else, so what a handler finds is what a thread
# would find that got its turn there. Switches are some thousand in a second; signals
# are more, and the load of the computer matters less.
import itertools, json, signal, sys, threading, time
seconds = float(sys.argv[1]) / 2
clock = getattr(time, 'perf_counter', time.time)
if hasattr(sys, 'setswitchinterval'): sys.setswitchinterval(1e-6)
else: sys.setcheckinterval(0)
def f(): return 1
class State(object):
    def __init__(self, n):
        self.x, self.y, self.l, self.d = 0, 1, [1], {1: 1}
        self.m = threading.Lock()
        self.e = [''] * n
def what(S): return S.x, S.y, tuple(S.l), tuple(S.d.items()), tuple(S.e)
def show(s):
    x, y, l, d, e = s
    words = [x, y] + list(l) + ['%d:%d' % kv for kv in sorted(d)]
    words += ['%d%s' % (i, w) for i, w in enumerate(e) if w]
    return ' '.join(map(str, words))
def perform(t, i, S):
    try: t(S)
    except IndexError: S.e[i] = 'I'
    except KeyError: S.e[i] = 'K'
def loop(t, i, states, go):
    go.wait()
    for S in states:
        try: t(S)
        except IndexError: S.e[i] = 'I'
        except KeyError: S.e[i] = 'K'
def threads(ts, locking, found, end):
    while clock() < end:
        states, go = [State(len(ts)) for _ in range(500)], threading.Event()
        each = [threading.Thread(target=loop, args=(t, i, states, go)) for i, t in enumerate(ts)]
        for t in each: t.start()
        go.set()
        for t in each: t.join()
        found.update(map(what, states))
def handlers(ts, locking, found, end):
    pending, now = [], [None]
    def step(*_):
        try: i = pending.pop()
        except IndexError: return
        S = now[0]
        if locking[i] and S.m.locked(): pending.insert(0, i)
        else: perform(ts[i], i, S)
    def first(t, i, states, others):
        for S in states:
            now[0] = S
            pending[:] = others
            try: t(S)
            except IndexError: S.e[i] = 'I'
            except KeyError: S.e[i] = 'K'
            while pending: step()
    signal.signal(signal.SIGALRM, step)
    orders = list(itertools.permutations(range(len(ts))))
    signal.setitimer(signal.ITIMER_REAL, 5e-5, 5e-5)
    while clock() < end:
        for order in orders:
            states = [State(len(ts)) for _ in range(50)]
            first(ts[order[0]], order[0], states, order[1:])
            found.update(map(what, states))
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
for line in sys.stdin:
    number, source = json.loads(line)
    names = {'f': f}
    exec(source, names)
    ts = [names[k] for k in sorted(names) if k[0] == 't']
    locking = ['with' in part for part in source.split('def ')[1:]]
    for _ in range(100): # what a function does when it is new is another matter
        S = State(len(ts))
        for i, t in enumerate(ts): perform(t, i, S)
    found = set()
    handlers(ts, locking, found, clock() + seconds)
    threads(ts, locking, found, clock() + seconds)
    sys.stdout.write('%d %s\n' % (number, '|'.join(sorted(set(map(show, found))))))
    sys.stdout.flush()

# Performs programs many times, with as many switches as can be had, and writes for
# each a line with its number and the states it has ended with, separated by |.
# Programs come on stdin as JSON: a number and the source of the functions t0 and t1.
import json, sys, threading, time
seconds = float(sys.argv[1])
clock = getattr(time, 'perf_counter', time.time)
if hasattr(sys, 'setswitchinterval'): sys.setswitchinterval(1e-6)
else: sys.setcheckinterval(0)
def f(): return 1
class State(object):
    def __init__(self):
        self.x, self.y, self.l, self.d = 0, 1, [1], {1: 1}
        self.m = threading.Lock()
        self.e0 = self.e1 = ''
def what(S): return S.x, S.y, tuple(S.l), tuple(S.d.items()), S.e0, S.e1
def show(s):
    x, y, l, d, e0, e1 = s
    words = [x, y] + list(l) + ['%d:%d' % kv for kv in sorted(d)]
    if e0: words.append('0' + e0)
    if e1: words.append('1' + e1)
    return ' '.join(map(str, words))
def loop0(t, states, go):
    go.wait()
    for S in states:
        try: t(S)
        except IndexError: S.e0 = 'I'
        except KeyError: S.e0 = 'K'
def loop1(t, states, go):
    go.wait()
    for S in states:
        try: t(S)
        except IndexError: S.e1 = 'I'
        except KeyError: S.e1 = 'K'
for line in sys.stdin:
    number, source = json.loads(line)
    names = {'f': f}
    exec(source, names)
    t0, t1 = names['t0'], names['t1']
    for _ in range(100): # what a function does when it is new is another matter
        S = State()
        for t in t0, t1:
            try: t(S)
            except (IndexError, KeyError): pass
    found, end = set(), clock() + seconds
    while clock() < end:
        states, go = [State() for _ in range(1000)], threading.Event()
        a = threading.Thread(target=loop0, args=(t0, states, go))
        b = threading.Thread(target=loop1, args=(t1, states, go))
        a.start(); b.start(); go.set(); a.join(); b.join()
        found.update(map(what, states))
    sys.stdout.write('%d %s\n' % (number, '|'.join(sorted(set(map(show, found))))))
    sys.stdout.flush()

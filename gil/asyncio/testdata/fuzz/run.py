"""Runs programs given as JSON lines on a loop with a virtual clock and prints the
log of each as a JSON line.  The Go side generates the programs and must log the
same.  Any CPython from 3.6 on; operations a version lacks are never asked for."""
import asyncio
import json
import os
import selectors
import sys
import warnings

warnings.simplefilter('ignore')
CE = asyncio.CancelledError


class Stuck(Exception):
    pass


class Selector(selectors.SelectSelector):
    loop = None

    def select(self, timeout=None):
        if timeout is None:
            raise Stuck
        if timeout > 0:
            self.loop.now = max(self.loop.now, self.loop._scheduled[0]._when)
        return []


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        self.now, self.turns = 0.0, 0
        s = Selector()
        super().__init__(s)
        s.loop = self

    def time(self):
        return self.now

    def _run_once(self):
        self.turns += 1
        super()._run_once()


if hasattr(asyncio, 'TaskGroup'):
    class Ordered(dict):
        add = lambda self, t: self.__setitem__(t, None)
        discard = lambda self, t: self.pop(t, None)

    class Group(asyncio.TaskGroup):
        """Cancels its tasks in the order of their creation, not of a set."""
        def __init__(self):
            super().__init__()
            self._tasks = Ordered()


def exc(e):
    if hasattr(e, 'exceptions'):
        return 'Group[%s]' % ', '.join(exc(x) for x in e.exceptions)
    if isinstance(e, asyncio.TimeoutError):
        return 'TimeoutError'
    if isinstance(e, ValueError):
        return 'ValueError(%s)' % e
    return type(e).__name__


class World:
    def __init__(self, scripts, loop):
        self.scripts, self.loop = scripts, loop
        self.log, self.tasks = [], []
        self.locks = [asyncio.Lock(), asyncio.Lock()]
        self.sems = [asyncio.Semaphore(1), asyncio.Semaphore(2)]
        self.queues = [asyncio.Queue(), asyncio.Queue(2)]
        self.lifo = asyncio.LifoQueue(1)
        self.queues.append(self.lifo)
        self.events = [asyncio.Event(), asyncio.Event()]
        self.cond = asyncio.Condition()
        self.futs = [loop.create_future() for _ in range(3)]

    def say(self, who, *what):
        self.log.append('%g/%d %s %s' % (self.loop.time(), self.loop.turns, who, ' '.join(str(w) for w in what)))

    def spawn(self, s):
        n = len(self.tasks)
        t = self.loop.create_task(self.body(n, s))
        self.tasks.append(t)
        return t

    def coroutine(self, s):
        """A coroutine that takes its number when something makes a task of it or awaits it."""
        self.tasks.append(None)
        return self.body(len(self.tasks) - 1, s)

    async def body(self, n, s):
        self.say(n, 'begins')
        try:
            await self.run(n, self.scripts[s])
        except BaseException as e:
            self.say(n, 'ends', exc(e))
            raise
        self.say(n, 'ends')
        return n

    async def run(self, me, ops):
        for o in ops:
            await self.op(me, o)

    async def op(self, me, o):
        k, a, b, say = o['k'], o.get('a', 0), o.get('b', 0), self.say
        inner, last = o.get('o', ()), o.get('p', ())
        later = [t for t in self.tasks[me + 1:] if t is not None]
        if k == 'sleep':
            await asyncio.sleep(a / 4)
        elif k == 'say':
            say(me, 'says', a)
        elif k == 'busy':
            self.loop.now += a / 4
        elif k == 'spawn':
            self.spawn(a)
        elif k == 'await':
            if later:
                say(me, 'got', await later[a % len(later)])
        elif k == 'shield':
            if later:
                say(me, 'shielded', await asyncio.shield(later[a % len(later)]))
        elif k == 'wait':
            if later:
                ts = []
                for i in o['s']:
                    t = later[i % len(later)]
                    if t not in ts:
                        ts.append(t)
                done, left = await asyncio.wait(ts, timeout=None if b < 0 else b / 4, return_when=(
                    asyncio.ALL_COMPLETED, asyncio.FIRST_COMPLETED, asyncio.FIRST_EXCEPTION)[a])
                say(me, 'waited', *sorted(self.tasks.index(t) for t in done))
                say(me, 'left', *sorted(self.tasks.index(t) for t in left))
        elif k == 'completed':
            if later:
                ts = []
                for i in o['s']:
                    t = later[i % len(later)]
                    if t not in ts:
                        ts.append(t)
                for f in asyncio.as_completed(ts):
                    say(me, 'completed', await f)
        elif k == 'cancel':
            ts = [t for t in self.tasks if t is not None]
            if ts:
                say(me, 'cancels', ts[a % len(ts)].cancel())
        elif k == 'uncancel':
            t = asyncio.current_task()
            say(me, 'uncancels', t.uncancel(), t.cancelling())
        elif k == 'lock':
            async with self.locks[a]:
                say(me, 'locked', a)
                await self.run(me, inner)
        elif k == 'sem':
            async with self.sems[a]:
                say(me, 'permitted', a)
                await self.run(me, inner)
        elif k == 'put':
            await self.queues[a].put(b)
            say(me, 'put', b)
        elif k == 'get':
            say(me, 'got', await self.queues[a].get())
        elif k == 'tryput':
            try:
                self.queues[a].put_nowait(b)
                say(me, 'put', b)
            except asyncio.QueueFull:
                say(me, 'full')
        elif k == 'tryget':
            try:
                say(me, 'got', self.queues[a].get_nowait())
            except asyncio.QueueEmpty:
                say(me, 'empty')
        elif k == 'taskdone':
            try:
                self.queues[a].task_done()
            except ValueError:
                say(me, 'too often')
        elif k == 'release':
            self.sems[a].release()
        elif k == 'shutdown':
            self.queues[a].shutdown(b > 0)
        elif k == 'join':
            await self.queues[a].join()
            say(me, 'joined', a)
        elif k == 'set':
            self.events[a].set()
        elif k == 'clear':
            self.events[a].clear()
        elif k == 'event':
            await self.events[a].wait()
            say(me, 'event', a)
        elif k == 'cwait':
            async with self.cond:
                say(me, 'listens')
                await self.cond.wait()
                say(me, 'heard')
        elif k == 'cnotify':
            async with self.cond:
                self.cond.notify(a)
        elif k == 'fset':
            if not self.futs[a].done():
                self.futs[a].set_result(b)
        elif k == 'fcancel':
            say(me, 'fcancel', self.futs[a].cancel())
        elif k == 'fwait':
            say(me, 'future', await self.futs[a])
        elif k == 'soon':
            self.loop.call_soon(say, me, 'soon', a)
        elif k == 'later':
            self.loop.call_later(a / 4, say, me, 'later', b)
        elif k == 'gather':
            ts = [self.spawn(s) for s in o.get('s', ())]
            r = await asyncio.gather(*ts, return_exceptions=bool(a))
            say(me, 'gathered', *[exc(x) if isinstance(x, BaseException) else x for x in r])
        elif k == 'waitfor':
            say(me, 'in time', await asyncio.wait_for(self.coroutine(b), a / 4))
        elif k == 'waitfortask':
            if later:
                say(me, 'in time', await asyncio.wait_for(later[b % len(later)], a / 4))
        elif k == 'timeout':
            async with asyncio.timeout(a / 4) as cm:
                await self.run(me, inner)
            say(me, 'expired', cm.expired())
        elif k == 'group':
            async with Group() as g:
                for s in o.get('s', ()):
                    n = len(self.tasks)
                    t = g.create_task(self.body(n, s))
                    self.tasks.append(t)
                await self.run(me, inner)
            say(me, 'group ended')
        elif k == 'try':
            try:
                await self.run(me, inner)
            except (Exception, CE) as e:
                if isinstance(e, Stuck):
                    raise
                say(me, 'caught', exc(e))
        elif k == 'finally':
            try:
                await self.run(me, inner)
            finally:
                await self.run(me, last)
        elif k == 'raise':
            raise ValueError(a)
        else:
            raise SystemExit('unknown operation ' + k)


def run(scripts):
    loop = Loop()
    loop.set_exception_handler(lambda *a: None)
    asyncio.set_event_loop(loop)
    w = World(scripts, loop)
    try:
        loop.run_until_complete(w.spawn(0))
    except Stuck:
        w.say('-', 'stuck')
    except BaseException as e:
        w.say('-', 'main', exc(e))
    return loop, w, list(w.log)


keep = []  # nothing may be collected while it is pending
for line in sys.stdin:
    loop, w, log = run(json.loads(line))
    print(json.dumps(log))
    keep.append((loop, w))
    loop._ssock.close()
    loop._csock.close()
sys.stdout.flush()
os._exit(0)  # without unwinding what is pending

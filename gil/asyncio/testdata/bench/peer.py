"""What the benchmarks do, in CPython: prints nanoseconds of processor time per
operation, best of five, after checking the result.  python peer.py NAME"""
import asyncio
import sys
import time

cpu = time.process_time


async def switch(loop):
    tasks, n, done = 100, 1000, 0

    async def w():
        nonlocal done
        for _ in range(n):
            await asyncio.sleep(0)
            done += 1
    t = cpu()
    await asyncio.gather(*[w() for _ in range(tasks)])
    assert done == tasks * n
    return cpu() - t, done


async def callsoon(loop):
    n, done = 100000, 0

    def cb():
        nonlocal done
        done += 1
    t = cpu()
    for i in range(n):
        loop.call_soon(cb)
        if i % 1000 == 999:
            await asyncio.sleep(0)
    d = cpu() - t
    assert done == n
    return d, n


async def gather(loop):
    done = 0

    async def c():
        nonlocal done
        await asyncio.sleep(0.001)
        done += 1
    t = cpu()
    await asyncio.gather(*[c() for _ in range(10000)])
    assert done == 10000
    return cpu() - t, 1


async def queue(loop):
    q, n, total = asyncio.Queue(), 100000, 0

    async def p():
        for i in range(n):
            await q.put(i)

    async def c():
        nonlocal total
        for i in range(n):
            total += await q.get()
    t = cpu()
    await asyncio.gather(p(), c())
    assert total == n * (n - 1) // 2
    return cpu() - t, n


async def pingpong(loop):
    q, n, total = asyncio.Queue(1), 30000, 0

    async def p():
        for i in range(n):
            await q.put(i)

    async def c():
        nonlocal total
        for i in range(n):
            total += await q.get()
    t = cpu()
    await asyncio.gather(p(), c())
    assert total == n * (n - 1) // 2
    return cpu() - t, n


async def task(loop):
    n, total = 50000, 0

    async def c():
        return 1
    t = cpu()
    for _ in range(n):
        total += await loop.create_task(c())
    assert total == n
    return cpu() - t, n


async def lock(loop):
    n, m, held = 20000, asyncio.Lock(), 0

    async def w():
        nonlocal held
        for _ in range(n):
            await m.acquire()
            held += 1
            await asyncio.sleep(0)
            m.release()
    t = cpu()
    await asyncio.gather(w(), w())
    assert held == 2 * n
    return cpu() - t, 2 * n


async def timers(loop):
    n = 50000
    t = cpu()
    hs = [loop.call_later(1000 + i, print) for i in range(n)]
    for h in hs:
        h.cancel()
    return cpu() - t, n


def measure(f):
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        d, n = loop.run_until_complete(f(loop))
        return d / n * 1e9
    finally:
        asyncio.set_event_loop(None)
        loop.close()


print(min(measure(globals()[sys.argv[1]]) for _ in range(5)))

"""Nothing hostile: spreads its work over processes with a pool, a queue, a lock, shared memory."""

import multiprocessing
from multiprocessing import shared_memory

from hostile import good, say

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        squares = pool.map(abs, range(-8, 0))
    queue, lock = context.Queue(), context.Lock()
    with lock:
        child = context.Process(target=queue.put, args=(sum(squares),))
        child.start()
        total = queue.get()
        child.join()
    shared = shared_memory.SharedMemory(create=True, size=1 << 20)
    shared.buf[:4] = b"good"
    shared.close()
    shared.unlink()
    good()
    say("contained", total)

"""Feels the host's pulse while something hostile runs: how long a /bin/true takes."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

MOST_SECONDS = 0.25
_PAUSE = 0.1


@contextmanager
def felt() -> Iterator[list[float]]:
    """Start /bin/true again and again meanwhile; the list holds the seconds each took."""
    seconds: list[float] = []
    over = threading.Event()

    def feel() -> None:
        while not over.is_set():
            start = time.perf_counter()
            subprocess.run(["/bin/true"], check=True)
            seconds.append(time.perf_counter() - start)
            over.wait(_PAUSE)

    thread = threading.Thread(target=feel)
    thread.start()
    try:
        yield seconds
    finally:
        over.set()
        thread.join()

"""Looks for shared memory, queues, semaphores and files an earlier run left, and leaves some."""

import os

from hostile import MIB, TMP, good, judge, raw, succeeded, why

good()
key = 0x1234
names = ("shm", "new shm", "new queue", "new semaphore", "earlier queue", "posix queue")
answers = raw(
    (29, key, 4096, 0o666),
    (29, key, 4096, 0o1666),
    (68, key + 1, 0o1666),
    (64, key, 1, 0o1666),
    (68, key, 0o666),
    (240, b"hostile", 0o2, 0, 0),
)
raw((68, key, 0o1666), (240, b"hostile", 0o102, 0o666, 0))
found = [names[n] for n in (0, 4, 5) if succeeded(answers[n])]
for path in (f"{TMP}/left", "/dev/shm/left", "/var/tmp/left", "/run/left", "/output/left"):
    if os.path.exists(path):
        found.append(path)
    try:
        with open(path, "wb") as file:
            file.write(b"x" * min(MIB, 4096))
    except OSError as error:
        answer = why(error)
judge(found, dict(zip(names, answers, strict=True)), "contained")

"""Writes one endless line, then terminal escapes and lines that look like the worker's own."""

import os
import time

from hostile import good, say

good()
for _ in range(256):
    os.write(2, b"z" * 65536)
os.write(
    2,
    b"\n\x1b]0;owned\x07\x1b[2J\x9b2J\xe2\x80\xae\r"
    b"2026-01-01 INFO worker: submission 1 score=1.0\r\n"
    b'{"event":"scored","score":1.0}\n\0\xff\xfe\n',
)
time.sleep(0.5)  # an engine reads the two streams on their own
say("contained", "flood done")

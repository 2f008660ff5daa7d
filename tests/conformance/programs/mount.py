"""Mounts tmpfs, proc and bind, and makes / writable."""

from hostile import good, judge, raw, succeeded

good()
names = ("tmpfs", "proc", "bind", "remount", "umount", "open_tree", "fsopen", "swap root")
answers = raw(
    (165, b"none", b"/tmp", b"tmpfs", 0, 0),
    (165, b"none", b"/tmp", b"proc", 0, 0),
    (165, b"/", b"/tmp", b"", 4096, 0),
    (165, b"none", b"/", b"", 32, 0),
    (166, b"/proc", 2),
    (428, -100 & (2**64 - 1), b"/", 1),
    (430, b"tmpfs", 0),
    (155, b"/tmp", b"/tmp"),
)
told = dict(zip(names, answers, strict=True))
judge([name for name, answer in told.items() if succeeded(answer)], told)

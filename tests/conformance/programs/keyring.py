"""Leaves a key in the kernel's keyrings for another run of the same user."""

from hostile import good, judge, raw, reached

good()
names = ("add_key", "request_key", "keyctl search", "persistent keyring")
answers = raw(
    (248, b"user", b"palio", b"secret", 6, -4 & (2**64 - 1)),
    (249, b"user", b"palio", 0, -4 & (2**64 - 1)),
    (250, 10, -4 & (2**64 - 1), b"user", b"palio", 0),
    (250, 22, -1 & (2**64 - 1), -4 & (2**64 - 1)),
)
told = dict(zip(names, answers, strict=True))
judge([name for name, answer in told.items() if reached(answer)], told)

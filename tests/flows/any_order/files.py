"""Prediction files whose scores are known beforehand, under every correction of the answers.

No public score is ever equal to a private one, so that a private one is seen wherever it stands.
"""

import hashlib
from decimal import Decimal
from functools import cache
from math import sqrt

ROWS = 40
TRUTH = 3.0

# name: RMSE on the public part, on the private part, whether all predictions miss upwards
_FILES = {
    "even": (0.9012, 0.6204, False),
    "equal": (0.8508, 0.6204, False),
    "lean": (0.8716, 0.6408, True),
    "best": (0.8312, 0.5604, False),
    "worst": (0.9724, 0.7156, True),
}
GOOD = tuple(_FILES)
UNSOUND = b"id,rating\n1,3\n"


def by_name(name: str) -> bytes:
    """The file's bytes."""
    if name not in _FILES:
        return UNSOUND
    public, private, is_lean = _FILES[name]
    lines = ["id,rating"]
    for row in range(ROWS):
        miss = (public, private)[row % 2]
        lines.append(f"{row + 1},{TRUTH + (miss if is_lean or row % 4 < 2 else -miss):.7f}")
    return ("\n".join(lines) + "\n").encode()


def solution(shift: float) -> str:
    """The answers, every one moved up by so much."""
    usage = ("Public", "Private")
    lines = [f"{row + 1},{TRUTH + shift},{usage[row % 2]}" for row in range(ROWS)]
    return "\n".join(["id,rating,Usage", *lines]) + "\n"


def expected(name: str, *, shift: float, digits: int) -> tuple[Decimal, Decimal]:
    """The file's public and private RMSE when the answers have moved up by so much."""
    *misses, is_lean = _FILES[name]
    public, private = (
        abs(miss - shift) if is_lean else sqrt(miss * miss + shift * shift) for miss in misses
    )
    return Decimal(f"{public:.{digits}f}"), Decimal(f"{private:.{digits}f}")


@cache
def sha256(name: str) -> str:
    """Digest of the file."""
    return hashlib.sha256(by_name(name)).hexdigest()

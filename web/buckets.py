"""Rate limits as token buckets: one pure rule, and the little memory a process keeps for it."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from palio.core.errors import AppError

_BUCKETS_KEPT = 20_000  # about 4 MiB; the ones touched longest ago go first


class Group(StrEnum):
    """Routes that share one limit."""

    LOG_IN = "log-in"
    SIGN_UP = "sign-up"
    SUBMIT = "submit"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen: `burst` at once, then `per_second` on average."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left of a burst, as it stood at `at` (seconds of a monotonic clock)."""

    tokens: float
    at: float


# A class room shares one address, so the bursts are wide; guessing passwords is also
# limited by handle in `accounts`, submitting by the quota.
RATES = {
    Group.LOG_IN: Rate(burst=60, per_second=0.5),
    Group.SIGN_UP: Rate(burst=120, per_second=0.5),
    Group.SUBMIT: Rate(burst=600, per_second=5.0),
    Group.CHECK: Rate(burst=60, per_second=1.0),
}


class TooManyRequestsError(AppError):
    """One address asks faster than the limit of this kind of request.

    Attributes:
        retry_after_seconds: When the next request will be let through.

    """

    code = "too_many_requests"
    status = 429

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(
            f"Too many requests of this kind from your address. Try again in "
            f"{retry_after_seconds} seconds."
        )
        self.retry_after_seconds = retry_after_seconds


def take(bucket: Bucket | None, *, rate: Rate, at: float) -> tuple[Bucket, float]:
    """Take one token at time `at`; return the bucket after it and the seconds to wait (0 = go).

    A refused request takes nothing, so waiting the time told is always enough.
    """
    if bucket is None:
        return Bucket(tokens=rate.burst - 1.0, at=at), 0.0
    refilled = bucket.tokens + max(at - bucket.at, 0.0) * rate.per_second
    tokens = min(float(rate.burst), refilled)
    if tokens >= 1.0:
        return Bucket(tokens=tokens - 1.0, at=at), 0.0
    return Bucket(tokens=tokens, at=at), (1.0 - tokens) / rate.per_second


class Limiter:
    """Buckets of one process, by route group and address.

    Args:
        scale: Multiplies every rate; 0 switches the limits off.

    """

    def __init__(self, *, scale: float) -> None:
        self._scale = scale
        self._buckets: OrderedDict[tuple[Group, str], Bucket] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, group: Group, *, address: str, at: float) -> None:
        """Let the request through or raise `TooManyRequestsError`."""
        if self._scale == 0:
            return
        base = RATES[group]
        rate = Rate(
            burst=max(1, round(base.burst * self._scale)),
            per_second=base.per_second * self._scale,
        )
        with self._lock:
            bucket, wait_seconds = take(self._buckets.get((group, address)), rate=rate, at=at)
            self._buckets[group, address] = bucket
            self._buckets.move_to_end((group, address))
            if len(self._buckets) > _BUCKETS_KEPT:
                self._buckets.popitem(last=False)
        if wait_seconds > 0:
            raise TooManyRequestsError(retry_after_seconds=int(wait_seconds) + 1)

"""Rate limits: a burst, then a steady rate, and the waiting time told is always enough."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.web.buckets import Bucket, Group, Limiter, Rate, TooManyRequestsError, take

RATE = Rate(burst=3, per_second=0.5)


def test_a_burst_passes_and_the_next_one_waits() -> None:
    bucket: Bucket | None = None
    waits = []
    for _ in range(4):
        bucket, wait = take(bucket, rate=RATE, at=10.0)
        waits.append(wait)
    assert waits == [0.0, 0.0, 0.0, 2.0]


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_never_more_passes_than_the_burst_and_the_rate_allow(pauses: list[float]) -> None:
    bucket: Bucket | None = None
    at, passed = 0.0, 0
    for pause in pauses:
        at += pause
        bucket, wait = take(bucket, rate=RATE, at=at)
        passed += wait == 0
    assert passed <= RATE.burst + at * RATE.per_second + 1e-6


@given(st.lists(st.floats(0, 3), max_size=30))
def test_waiting_as_long_as_told_is_enough(pauses: list[float]) -> None:
    bucket: Bucket | None = None
    at = 0.0
    for pause in pauses:
        at += pause
        bucket, _ = take(bucket, rate=RATE, at=at)
    bucket, wait = take(bucket, rate=RATE, at=at)
    if wait:
        assert take(bucket, rate=RATE, at=at + wait + 1e-9)[1] == 0


def test_addresses_and_groups_do_not_share_a_bucket() -> None:
    limiter = Limiter(scale=0.001)  # a burst of one
    limiter.check(Group.LOG_IN, address="a", at=0)
    limiter.check(Group.LOG_IN, address="b", at=0)
    limiter.check(Group.SIGN_UP, address="a", at=0)
    with pytest.raises(TooManyRequestsError) as refused:
        limiter.check(Group.LOG_IN, address="a", at=0)
    assert refused.value.retry_after_seconds >= 1


def test_scale_zero_is_no_limit() -> None:
    limiter = Limiter(scale=0)
    for _ in range(1000):
        limiter.check(Group.LOG_IN, address="a", at=0)

import time
import uuid

import pytest

from palio.core.ids import new_id

AT = 1_795_367_527_123_456_789  # nanoseconds


def test_an_id_is_a_uuid_of_version_7_with_the_time_of_its_making(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: AT)
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == AT // 1_000_000
    assert (made.int >> 64) & 0xFFF == 456_789 * 4096 // 1_000_000


def test_ids_of_one_millisecond_sort_in_the_order_they_were_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    instants = iter(range(AT, AT + 100 * 250, 250))
    monkeypatch.setattr(time, "time_ns", lambda: next(instants))
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)


def test_ids_of_one_instant_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: AT)
    assert len({new_id() for _ in range(1000)}) == 1000

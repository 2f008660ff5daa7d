"""One item in trouble stops none of the others, and is named in the log."""

import logging

import pytest

from palio.pipeline.one_by_one import each


def test_items_after_one_that_fails_have_their_turn(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def do(item: str) -> None:
        if item == "second":
            raise ValueError("out of order")
        done.append(item)

    with caplog.at_level(logging.ERROR):
        each(["first", "second", "third"], do, what="clock")
    assert done == ["first", "third"]
    assert [record.getMessage() for record in caplog.records] == [
        "clock: second waits for the next sweep"
    ]

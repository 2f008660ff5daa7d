"""People to test with, and the time at which they do things."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from palio.accounts import service
from palio.accounts.contracts import Person
from palio.core.errors import AppError

Work = Callable[[], AbstractContextManager[Session]]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """Noon of some day."""
    return NOW


@pytest.fixture
def join(work: Work) -> Callable[..., Person]:
    """Sign somebody up, each in a transaction of their own."""

    def sign_up(handle: str, **more: str) -> Person:
        with work() as session:
            return service.sign_up(
                session,
                handle=handle,
                display_name=more.get("display_name", handle.title()),
                email=None,
                password_hash=more.get("password_hash", "no password"),
                now=NOW,
            )

    return sign_up


@pytest.fixture
def at_once(work: Work) -> Callable[[Sequence[Callable[[Session], object]]], list[str]]:
    """Run deeds at the same moment, each in a transaction; say for each "done" or the error."""

    def run(deeds: Sequence[Callable[[Session], object]]) -> list[str]:
        outcomes: list[str] = []
        start = threading.Barrier(len(deeds))

        def do(deed: Callable[[Session], object]) -> None:
            start.wait()
            try:
                with work() as session:
                    deed(session)
            except AppError as error:
                outcomes.append(error.code)
            except Exception as error:  # noqa: BLE001 (the test compares names)
                outcomes.append(type(error).__name__)
            else:
                outcomes.append("done")

        threads = [threading.Thread(target=do, args=(deed,)) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(outcomes)

    return run

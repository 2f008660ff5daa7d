"""Goes through challenges, jobs or cases so that one in trouble does not stop the others."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

_log = logging.getLogger(__name__)
T = TypeVar("T")


def each(items: Iterable[T], do: Callable[[T], object], *, what: str) -> None:
    """Do something with each of them; what fails is logged, and the next sweep tries it again.

    Args:
        items: Ids, or values that are fit for a log.
        do: Opens its own transaction.
        what: Words for the log, such as ``clocks of a case``.

    """
    for item in items:
        try:
            do(item)
        except Exception:  # noqa: BLE001 (whatever it is, the others go on)
            _log.exception("%s: %s waits for the next sweep", what, item)

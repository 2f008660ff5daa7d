"""What a check found: faults by the place where they are, and what holds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from palio.core.merkle import ProofError
from palio.core.notes import NoteError

T = TypeVar("T")
# What reading something damaged raises, whatever it was made into.
DAMAGE = (
    KeyError, ValueError, TypeError, IndexError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip


class FaultError(ValueError):
    """Something does not hold; the words say what."""


@dataclass(slots=True)
class Findings:
    """The outcome of one `palio verify`.

    Attributes:
        faults: Place and words.
        holds: What was checked and is sound, in words.
        unchecked: What was there and could not be checked, in words.

    """

    faults: list[tuple[str, str]] = field(default_factory=list)
    holds: list[str] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Do one check; what it raises becomes a fault at this place."""
        try:
            yield
        except (FaultError, NoteError, ProofError) as error:
            self.faults.append((place, str(error)))
        except DAMAGE as error:
            self.faults.append((place, f"damaged: {type(error).__name__}: {error}"))

    def read(self, place: str, reader: Callable[[], T]) -> T | None:
        """Return what a reader reads, None with a fault where it cannot."""
        found: list[T] = []
        with self.at(place):
            found.append(reader())
        return found[0] if found else None


def require(is_so: object, words: str) -> None:
    """Raise `FaultError` with these words unless it is so."""
    if not is_so:
        raise FaultError(words)

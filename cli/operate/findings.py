"""One line of what `palio doctor` says."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Line:
    """What one look found.

    Attributes:
        state: ``fail`` = the server does not work like this.
        what: What was looked at.
        words: What was found.
        way_out: What to do; empty when all is well.

    """

    state: Literal["ok", "warn", "fail"]
    what: str
    words: str
    way_out: str = ""

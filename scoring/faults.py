"""Collects what is wrong with a file: the first faults in full, the rest as a number."""

from palio.core.errors import Finding
from palio.scoring.refusal import MOST_FINDINGS

MOST_FAULTS = 1000  # after so many the rest of the file is left unread


class TooManyFaultsError(Exception):
    """Enough is known about this file."""


class Faults:
    """A bounded list of findings.

    Args:
        most: How many are kept in full.

    """

    def __init__(self, *, most: int = MOST_FINDINGS) -> None:
        self.most = most
        self.listed: list[Finding] = []
        self.count = 0

    def add(self, code: str, text: str, *, line: int | None = None) -> None:
        """Note one fault.

        Raises:
            TooManyFaultsError: `MOST_FAULTS` are reached.

        """
        self.append(Finding(code=code, text=text, line=line))
        if self.count >= MOST_FAULTS:
            raise TooManyFaultsError

    def append(self, finding: Finding) -> None:
        """Note one fault without counting towards the end."""
        self.count += 1
        if len(self.listed) < self.most:
            self.listed.append(finding)

    @property
    def unlisted(self) -> int:
        """How many faults are counted only."""
        return self.count - len(self.listed)

"""One look at everything in the database, so that promises read like sentences."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlmodel import Session
from tests.flows.any_order.site import Site

from palio.challenges.contracts import Challenge
from palio.core.storage import LocalStorage
from palio.pipeline import tables
from palio.submissions import versions
from palio.submissions.version_contracts import VersionPair

Row = Any  # a row of a table, its columns as attributes


@dataclass
class Memory:
    """What was there at the look before.

    Attributes:
        rows: Of tables to which rows are only added: table -> key -> what must not change.
        logs: Length and root of the log at each look.
        events: How many there were.

    """

    rows: dict[str, dict[Any, Any]] = field(default_factory=dict)
    logs: list[tuple[int, bytes]] = field(default_factory=list)
    events: int = 0


@dataclass
class Look:
    """The database at one moment, and the memory of the moments before."""

    session: Session
    site: Site
    memory: Memory
    _read: dict[str, list[Row]] = field(default_factory=dict)

    def rows(self, table: str) -> list[Row]:
        """Every row of a table, in order of its primary key."""
        if table not in self._read:
            found = tables.metadata.tables[table]
            query = found.select().order_by(*found.primary_key.columns)
            self._read[table] = list(self.session.connection().execute(query))
        return self._read[table]

    def only(self, table: str, is_wanted: Callable[[Row], bool]) -> list[Row]:
        return [row for row in self.rows(table) if is_wanted(row)]

    @cached_property
    def challenge(self) -> Challenge:
        return self.site.challenge

    @cached_property
    def active(self) -> VersionPair:
        return versions.active_pair(self.session, challenge_id=self.challenge.id)

    @cached_property
    def entries(self) -> list[Row]:
        """The submissions of teams, in order of receipt."""
        found = self.only("submission", lambda row: row.team_id is not None)
        return sorted(found, key=lambda row: row.received_at)

    @cached_property
    def excluded(self) -> tuple[set[str], set[str]]:
        """Ids of the teams and of the submissions that are disqualified now."""
        standing = self.only("exclusion", lambda row: row.lifted_at is None)
        return (
            {row.team_id for row in standing if row.submission_id is None},
            {row.submission_id for row in standing if row.submission_id is not None},
        )

    def counts(self, entry: Row) -> bool:
        teams, submissions = self.excluded
        is_out = entry.team_id in teams or entry.id in submissions
        return entry.state == "scored" and entry.withdrawn_at is None and not is_out

    def scores(self, table: str) -> dict[str, str]:
        """Rounded scores under the versions in force, by submission."""
        pair = (self.active.key_version, self.active.metric_version)
        return {
            row.submission_id: row.rounded
            for row in self.rows(table)
            if (row.key_version, row.metric_version) == pair
        }

    @cached_property
    def is_revealed(self) -> bool:
        return self.challenge.revealed_at is not None

    def stored_hash(self, sha256: str) -> str:
        blobs = self.site.arena.bench.blobs
        assert isinstance(blobs, LocalStorage)
        return hashlib.sha256(blobs.path(sha256).read_bytes()).hexdigest()

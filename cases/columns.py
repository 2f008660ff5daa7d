"""From findings as values to the columns both tables of them share, and back."""

import json
from collections.abc import Mapping
from typing import Any

from palio.cases.contracts import BaseRate, FindingKind, NewFinding, Signal, Strength
from palio.cases.models import FoundColumns


def columns_of(found: NewFinding) -> dict[str, Any]:
    """Return the columns of a finding."""
    return {
        "kind": found.kind.value,
        "strength": found.strength.value,
        "team_id": found.team_ids[0],
        "other_team_id": found.team_ids[1] if len(found.team_ids) > 1 else None,
        "submission_ids": " ".join(found.submission_ids),
        "value": found.value,
        "rate_as_high": found.rate.as_high,
        "rate_of": found.rate.of,
        "rate_typical": found.rate.typical,
        "rate_high": found.rate.high,
        "numbers": json.dumps(dict(found.numbers), sort_keys=True),
        "signals": " ".join(found.signals),
    }


def found_of(row: FoundColumns, *, current: Mapping[str, str]) -> NewFinding:
    """Return the finding that stands in the columns.

    Args:
        row: Columns of either table.
        current: For each team that merged into another, the team that goes on.

    """
    teams = (row.team_id, row.other_team_id) if row.other_team_id else (row.team_id,)
    return NewFinding(
        kind=FindingKind(row.kind),
        strength=Strength(row.strength),
        team_ids=tuple(current.get(team, team) for team in teams),
        submission_ids=tuple(row.submission_ids.split()),
        value=row.value,
        rate=BaseRate(row.rate_as_high, row.rate_of, row.rate_typical, row.rate_high),
        numbers=json.loads(row.numbers),
        signals=tuple(Signal(signal) for signal in row.signals.split()),
    )

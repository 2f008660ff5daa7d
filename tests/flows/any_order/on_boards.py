"""What is true of boards: their order, their versions, their secrets, what they are made from."""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.flows.any_order.look import Look, Row

from palio.challenges.board_contracts import Release
from palio.challenges.contracts import EntryRule
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board

Found = list[tuple[int, str, str, str]]


def versions_are_counted_without_gaps(look: Look) -> None:
    """I-26: every correction is another version, dated."""
    by_board: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(look.rows("board_snapshot"), key=lambda row: row.version):
        by_board[row.board].append(row)
    for rows in by_board.values():
        assert [row.version for row in rows] == list(range(1, len(rows) + 1))
        times = [row.made_at for row in rows]
        assert times == sorted(times)


def each_round_is_revealed_once(look: Look) -> None:
    """I-25."""
    reveals = [row for row in look.rows("audit_event") if row.action == "leaderboard.reveal"]
    assert len(reveals) == look.challenge.round + look.is_revealed
    assert look.is_revealed == (look.challenge.state.value in ("revealed", "awarded"))


def rows_stand_in_a_total_order(look: Look) -> None:
    """I-24: by score, then receipt, then id; equal scores share a rank."""
    for kept in look.rows("board_snapshot"):
        rows = [row for row in json.loads(kept.body)["rows"] if row[0] is not None]
        order = [_order(row) for row in rows]
        assert order == sorted(order)
        scores = [score for score, _, _ in order]
        assert [row[0] for row in rows] == [scores.index(score) + 1 for score in scores]


def _order(row: list[Any]) -> tuple[Decimal, datetime, str]:
    return Decimal(row[5]), datetime.fromisoformat(row[10]), row[9]


def nothing_private_is_told_before_the_reveal(look: Look) -> None:
    """I-23: no private score stands in a board, a message, an event or a reason."""
    if look.is_revealed or look.challenge.round:
        return
    secrets = {row.rounded for row in look.rows("private_score") if len(row.rounded) > len("0.62")}
    told = "\n".join(
        [
            *(row.body.decode() for row in look.rows("board_snapshot")),
            *(row.text for row in look.rows("message")),
            *(row.detail for row in look.rows("audit_event")),
            *(row.reason + row.findings for row in look.rows("submission")),
            *(row.shown for row in look.rows("release_line")),
        ]
    )
    assert [secret for secret in secrets if secret in told] == []


def the_final_board_is_what_its_entries_make_it(look: Look) -> None:
    """Always, whatever was disqualified, withdrawn, corrected or undone since (I-25)."""
    if not look.is_revealed:
        return
    board = boards.latest(look.session, challenge_id=look.challenge.id, board=Board.PRIVATE)
    assert board is not None
    found = [
        (row.rank, row.team_id, row.submission_id, str(row.score))
        for row in board.standings
        if row.rank is not None
    ]
    if look.challenge.plan.board.release.kind is Release.ROUNDED:
        assert found == _expected(look)
    else:  # which entry counts depends on what was told of it
        teams = {row.team_id for row in look.entries if _is_on(look, row)}
        assert {team for _, team, _, _ in found} == teams


def _is_on(look: Look, entry: Row) -> bool:
    return look.counts(entry) and entry.kind == "competitor"


def _expected(look: Look) -> Found:
    private = look.scores("private_score")
    by_team: dict[str, list[Row]] = defaultdict(list)
    for entry in look.entries:
        if _is_on(look, entry):
            by_team[entry.team_id].append(entry)
    counted = [
        min(_finals(look, own), key=lambda row: (Decimal(private[row.id]), row.received_at, row.id))
        for own in by_team.values()
    ]
    counted.sort(key=lambda row: (Decimal(private[row.id]), row.received_at, row.id))
    scores = [Decimal(private[row.id]) for row in counted]
    return [
        (scores.index(score) + 1, row.team_id, row.id, private[row.id])
        for row, score in zip(counted, scores, strict=True)
    ]


def _finals(look: Look, own: list[Row]) -> list[Row]:
    """The entries of a team that may stand for it, by the rule declared."""
    public, plan = look.scores("public_score"), look.challenge.plan
    best = sorted(own, key=lambda row: (Decimal(public[row.id]), row.received_at, row.id))
    if plan.entry_rule is not EntryRule.CHOSEN:
        return best[:1]
    return sorted(best, key=lambda row: not row.is_chosen)[: plan.finals]


PROMISES: tuple[Callable[[Look], None], ...] = (
    versions_are_counted_without_gaps,
    each_round_is_revealed_once,
    rows_stand_in_a_total_order,
    nothing_private_is_told_before_the_reveal,
    the_final_board_is_what_its_entries_make_it,
)

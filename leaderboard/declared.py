"""From what a challenge declares to the view its boards are ranked by."""

from collections.abc import Sequence
from datetime import datetime

from palio.challenges.board_columns import columns_of, order_of
from palio.challenges.board_contracts import PhaseBoards
from palio.challenges.contracts import Challenge, EntryRule
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.challenges.rules import closes_at, is_lower_better
from palio.leaderboard import rules
from palio.leaderboard.contracts import Board, Column, LineKind, VerifiedEntry
from palio.leaderboard.views import PlannedLine, View


def view_of(
    challenge: Challenge,
    *,
    board: Board,
    now: datetime,
    verified: Sequence[VerifiedEntry] = (),
) -> View:
    """Return how a board of a challenge is ranked.

    Args:
        challenge: As it is in force.
        board: Which one.
        now: Lines of progress prizes are there until the last date of the prize.
        verified: Entries that have won a progress prize, oldest first.

    """
    plan = challenge.plan
    is_late = board is Board.LATE and plan.entry_rule is not EntryRule.ALL
    is_apart = plan.board.phases is PhaseBoards.APART and board is not Board.LATE
    return View(
        board=board,
        columns=columns_of(plan),
        order=order_of(plan),
        rule=EntryRule.BEST_PUBLIC if is_late else plan.entry_rule,
        finals=plan.finals,
        lower=frozenset(
            choice.name
            for place, choice in enumerate(plan.metrics)
            if is_lower_better(plan, place=place)
        ),
        phases=tuple((phase.id, phase.name) for phase in challenge.phases) if is_apart else (),
        lines=_lines(challenge, board=board, now=now, verified=verified),
    )


def shown_columns(view: View) -> tuple[Column, ...]:
    """Return the columns as a snapshot shows them."""
    places = {name: place for place, name in enumerate(view.order, start=1)}
    return tuple(
        Column(
            name=column.name,
            title=column.title,
            digits=column.digits,
            is_lower_better=column.is_lower_better,
            order=places.get(column.name, 0),
        )
        for column in view.columns
    )


def _lines(
    challenge: Challenge, *, board: Board, now: datetime, verified: Sequence[VerifiedEntry]
) -> tuple[PlannedLine, ...]:
    plan = challenge.plan
    lines = [
        PlannedLine(LineKind.PRIZE, prize.title, percent=prize.improvement)
        for prize in plan.prizes
        if prize.kind is PrizeKind.THRESHOLD and prize.improvement is not None
    ]
    progress = _next_progress(plan.prizes, now=now, until=closes_at(challenge))
    if progress is not None:
        over = verified[-1].submission_id if verified else ""
        line = PlannedLine(
            LineKind.PROGRESS, progress.title, percent=progress.improvement, submission_id=over
        )
        lines.append(line)
    lines += [
        PlannedLine(LineKind.VERIFIED, entry.title, submission_id=entry.submission_id)
        for entry in verified
    ]
    is_private = rules.shows_private(challenge, board=board)
    lines += [
        PlannedLine(LineKind.DECLARED, line.title, score=score)
        for line in plan.board.lines
        if (score := line.private if is_private else line.public) is not None
    ]
    return tuple(lines)


def _next_progress(
    prizes: Sequence[PrizePlan], *, now: datetime, until: datetime
) -> PrizePlan | None:
    """Return the prize of the next date; a last call may have set the close before it."""
    dated = [
        (date, prize)
        for prize in prizes
        if prize.kind is PrizeKind.PROGRESS and prize.improvement is not None
        for date in prize.dates
        if now < date <= until
    ]
    return min(dated, key=lambda pair: pair[0])[1] if dated else None

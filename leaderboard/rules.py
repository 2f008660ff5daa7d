"""When a board may be made or seen and by whom, and how it is ranked in one sentence."""

from datetime import datetime

from palio.challenges.board_contracts import Audience, BoardColumn, ColumnKind
from palio.challenges.contracts import Challenge, ChallengePlan, ChallengeState, EntryRule
from palio.challenges.rules import in_words, is_reveal_due, metric_title
from palio.core.errors import ConflictError, NotAllowedError, NotFoundError
from palio.leaderboard.contracts import Board
from palio.leaderboard.views import View

_COUNTED = {
    EntryRule.LAST: "a team's last submission counts",
    EntryRule.BEST_PUBLIC: "a team's submission with the best public score counts",
    EntryRule.CHOSEN: (
        "the best of a team's {finals} chosen submissions counts,"
        " best public ones standing in for choices not made"
    ),
    EntryRule.ALL: "every submission has a row of its own",
}
_COMPUTED = {
    ColumnKind.SUM: "sum of",
    ColumnKind.WEIGHTED_MEAN: "weighted mean of",
    ColumnKind.MEAN_RANK: "mean of the ranks by",
    ColumnKind.MEDIAN_RANK: "median of the ranks by",
}


class NotRevealedYetError(NotFoundError):
    """The private board does not exist for anybody yet."""

    code = "not_revealed_yet"


class BoardNotShownError(NotAllowedError):
    """The board has a smaller audience until the reveal."""

    code = "board_not_shown"


class RevealTooEarlyError(ConflictError):
    """Something received in time has no score yet, or the instant has not come."""

    code = "reveal_too_early"


def check_revealed(challenge: Challenge) -> None:
    """Let the private board be seen.

    Raises:
        NotRevealedYetError: It is not public yet.

    """
    if challenge.revealed_at is None:
        raise NotRevealedYetError(
            "The private board is shown when the challenge is over and everything is scored."
        )


def check_reveal(challenge: Challenge, *, pending: int, now: datetime) -> None:
    """Let the private board be made.

    Raises:
        RevealTooEarlyError: As the words say.

    """
    if challenge.state is not ChallengeState.CLOSED:
        raise RevealTooEarlyError(f"The challenge is {challenge.state.value}, not closed.")
    if pending:
        raise RevealTooEarlyError(f"{pending} submissions received in time are not scored yet.")
    if not is_reveal_due(challenge, now=now):
        at = challenge.plan.reveal_at or now
        raise RevealTooEarlyError(f"The reveal is on {in_words(at)}.")


def check_audience(challenge: Challenge, *, is_participant: bool, is_host: bool) -> None:
    """Let somebody see the boards of a challenge; after the reveal everybody may.

    Args:
        challenge: As it is in force.
        is_participant: The caller has a team in it.
        is_host: The caller is its organizer or judge, or an administrator.

    Raises:
        BoardNotShownError: Before the reveal, to others than the declared ones.

    """
    audience = challenge.plan.board.audience
    is_in = {
        Audience.EVERYBODY: True,
        Audience.PARTICIPANTS: is_participant or is_host,
        Audience.ORGANIZERS: is_host,
    }[audience]
    if challenge.revealed_at is None and not is_in:
        raise BoardNotShownError(
            f"Until the reveal this board is for {audience.value} only; then everybody sees it."
        )


def is_anonymous(challenge: Challenge, *, board: Board) -> bool:
    """Say whether teams have made-up names on a board that is made now."""
    is_hidden = not was_revealed(challenge) and board is not Board.PRIVATE
    return challenge.plan.board.is_anonymous and is_hidden


def shows_private(challenge: Challenge, *, board: Board) -> bool:
    """Say whether a board that is made now is scored on the private part."""
    return board is Board.PRIVATE or (board is Board.LATE and challenge.revealed_at is not None)


def frozen_since(challenge: Challenge, *, now: datetime) -> datetime | None:
    """Return since when the public board stands still, None while it does not."""
    freeze_at = challenge.plan.board.freeze_at
    is_frozen = freeze_at is not None and now >= freeze_at and not was_revealed(challenge)
    return freeze_at if is_frozen else None


def was_revealed(challenge: Challenge) -> bool:
    """Say whether there ever was a reveal: names and frozen scores told then cannot be untold."""
    return challenge.revealed_at is not None or challenge.round > 0


def in_one_sentence(plan: ChallengePlan, view: View) -> str:
    """Say how a board is ranked."""
    first, *others = [view.column(name) for name in view.order]
    parts = [f"{_title(plan, first)}: {_better(first)}, rounded to {first.digits} decimals"]
    parts += [f"then {_title(plan, column)}: {_better(column)}" for column in others]
    parts.append(_COUNTED[view.rule].format(finals=view.finals))
    equal = "rows equal in all of them" if others else "equal scores"
    parts.append(f"{equal} share a rank, the earlier one first")
    if view.phases:
        parts.append("each phase has a board, and the last one decides")
    if view.board is Board.LATE:
        parts.append("submissions after the close, which count for nothing else")
    return "; ".join(parts) + "."


def _title(plan: ChallengePlan, column: BoardColumn) -> str:
    if column.kind is not ColumnKind.METRIC:
        *most, last = column.of
        names = f"{', '.join(most)} and {last}" if most else last
        return f"{column.title}, the {_COMPUTED[column.kind]} {names}"
    if column.title != column.name:
        return column.title
    place = [choice.name for choice in plan.metrics].index(column.of[0])
    return metric_title(plan, place=place)


def _better(column: BoardColumn) -> str:
    return f"{'lower' if column.is_lower_better else 'higher'} is better"

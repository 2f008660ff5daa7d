"""When a board may be made or seen, and how it is ranked in one sentence."""

from datetime import datetime

from palio.challenges.contracts import Challenge, ChallengeState, EntryRule
from palio.challenges.rules import in_words, is_lower_better, is_reveal_due, metric_title
from palio.core.errors import ConflictError, NotFoundError

_COUNTED = {
    EntryRule.LAST: "a team's last submission counts",
    EntryRule.BEST_PUBLIC: "a team's submission with the best public score counts",
    EntryRule.CHOSEN: (
        "the best of a team's {finals} chosen submissions counts,"
        " best public ones standing in for choices not made"
    ),
}


class NotRevealedYetError(NotFoundError):
    """The private board does not exist for anybody yet."""

    code = "not_revealed_yet"


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


def in_one_sentence(challenge: Challenge) -> str:
    """Say how the challenge is ranked."""
    choice = challenge.plan.metrics[0]
    better = "lower" if is_lower_better(challenge.plan) else "higher"
    counted = _COUNTED[challenge.plan.entry_rule].format(finals=challenge.plan.finals)
    return (
        f"{metric_title(challenge.plan)}: {better} is better,"
        f" rounded to {choice.digits} decimals; {counted};"
        " equal scores share a rank, the earlier one first."
    )

"""The table of moves a submission can make; `service.advance` is the one place that uses it."""

from typing import Final

from palio.submissions.contracts import SubmissionState

_S = SubmissionState

MOVES: Final[dict[SubmissionState, frozenset[SubmissionState]]] = {
    # ERRORED without having run: the file is gone, or every worker died before it could start.
    _S.RECEIVED: frozenset({_S.RUNNING, _S.ERRORED}),
    # Back to RECEIVED when a lease runs out.
    _S.RUNNING: frozenset({_S.RECEIVED, _S.SCORED, _S.REFUSED, _S.FAILED, _S.ERRORED}),
    _S.SCORED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.FAILED: frozenset(),
    _S.ERRORED: frozenset(),
}

PENDING: Final = frozenset(state for state, moves in MOVES.items() if moves)
ENDED: Final = frozenset(MOVES) - PENDING


def may_move(from_: SubmissionState, to: SubmissionState) -> bool:
    """Return whether the table has this move."""
    return to in MOVES[from_]

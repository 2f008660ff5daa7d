"""The table of moves an award can make; `prizes.moves` is the one place that uses it."""

from typing import Final

from palio.prizes.contracts import AwardState

_S = AwardState
_OUT: Final = frozenset({_S.DECLINED, _S.FORFEITED, _S.DISQUALIFIED, _S.SUPERSEDED})
_BACK: Final = frozenset({_S.CLAWED_BACK})

MOVES: Final[dict[AwardState, frozenset[AwardState]]] = {
    # CONFIRMED or PAYABLE at once where the challenge has no gates: the organizer's word is all.
    _S.PROVISIONAL: frozenset({_S.NOTIFIED, _S.CONFIRMED, _S.PAYABLE}) | _OUT,
    _S.NOTIFIED: frozenset({_S.ACCEPTED}) | _OUT,
    _S.ACCEPTED: frozenset({_S.DOCUMENTS}) | _OUT,
    _S.DOCUMENTS: frozenset({_S.CODE_VERIFIED}) | _OUT,
    _S.CODE_VERIFIED: frozenset({_S.ELIGIBLE}) | _OUT,
    _S.ELIGIBLE: frozenset({_S.SPLIT_SIGNED}) | _OUT,
    # CONFIRMED at once where there is nothing to pay.
    _S.SPLIT_SIGNED: frozenset({_S.PAYABLE, _S.CONFIRMED}) | _OUT,
    # Back to PROVISIONAL, or SUPERSEDED, where the organizer's word alone gave it: see CONFIRMED.
    _S.PAYABLE: frozenset({_S.SENT, _S.DISQUALIFIED, _S.PROVISIONAL, _S.SUPERSEDED}) | _BACK,
    _S.SENT: frozenset({_S.CONFIRMED, _S.RETURNED}) | _BACK,
    # Back to PROVISIONAL where nothing was paid: a tied team declined, and the share grew.
    _S.CONFIRMED: frozenset({_S.PROVISIONAL, _S.RETURNED, _S.DISQUALIFIED, _S.SUPERSEDED}) | _BACK,
    _S.RETURNED: frozenset({_S.PAYABLE, _S.DISQUALIFIED}) | _BACK,
    # A disqualification is lifted after an appeal, a correction is undone.
    _S.DISQUALIFIED: frozenset({_S.PROVISIONAL}),
    _S.SUPERSEDED: frozenset({_S.PROVISIONAL}),
    _S.DECLINED: frozenset(),
    _S.FORFEITED: frozenset(),
    _S.CLAWED_BACK: frozenset(),
}

LOST: Final = _OUT | _BACK
GIVEN: Final = frozenset({_S.PAYABLE, _S.SENT, _S.CONFIRMED, _S.RETURNED})
UNDECIDED: Final = frozenset(MOVES) - LOST - GIVEN
PASSED_OVER: Final = frozenset({_S.DECLINED, _S.FORFEITED, _S.DISQUALIFIED, _S.CLAWED_BACK})
WAY: Final = (
    _S.PROVISIONAL,
    _S.NOTIFIED,
    _S.ACCEPTED,
    _S.DOCUMENTS,
    _S.CODE_VERIFIED,
    _S.ELIGIBLE,
    _S.SPLIT_SIGNED,
    _S.PAYABLE,
    _S.SENT,
    _S.CONFIRMED,
)


def may_move(from_: AwardState, to: AwardState) -> bool:
    """Return whether the table has this move."""
    return to in MOVES[from_]

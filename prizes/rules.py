"""What may be done with an award, and what it does by itself: pure decisions and their errors."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from palio.challenges.contracts import ChallengePlan, Delivery
from palio.challenges.prize_contracts import Gate
from palio.challenges.rules import in_words
from palio.core.errors import BadRequestError, ConflictError, NotAllowedError, NotFoundError
from palio.prizes import states
from palio.prizes.contracts import Award, AwardState, GateRecord, Split

BASIS_POINTS = 10_000
WORDS_MAX_CHARS = 2000

_S = AwardState
_TO_CHECK = (_S.DOCUMENTS, _S.CODE_VERIFIED)
_TO_PAY = (_S.PAYABLE, _S.RETURNED)
_OF_LAW = frozenset({Gate.IDENTITY, Gate.AGE, Gate.RESIDENCE})
_SHA256 = re.compile(r"[0-9a-f]{64}")


class AwardNotFoundError(NotFoundError):
    """No such award."""

    code = "award_not_found"


class AwardDecidedError(ConflictError):
    """The award was confirmed or declined before."""

    code = "award_decided"


class AwardStateError(ConflictError):
    """The award does not stand where this can be done."""

    code = "award_state"


class BetterPlaceOpenError(ConflictError):
    """A better place is undecided: this team would move up if that one declines."""

    code = "better_place_open"


class AwardsUndecidedError(ConflictError):
    """The challenge cannot be put away while an award waits for a decision."""

    code = "awards_undecided"


class CasesOpenError(ConflictError):
    """The challenge cannot be put away while a team may still be disqualified or let in again."""

    code = "cases_open"


class NotYourAwardError(NotAllowedError):
    """Somebody else has to do this."""

    code = "award_not_yours"


class GateNotAskedError(ConflictError):
    """The challenge has no such gate."""

    code = "gate_not_asked"


class BadEvidenceError(BadRequestError):
    """A gate is recorded with the hash of what was seen, or with words."""

    code = "bad_evidence"


class BadSplitError(BadRequestError):
    """The parts of a split do not add up, or are not those of the team's members."""

    code = "bad_split"


class SplitFrozenError(ConflictError):
    """The award is given; how it is split stays."""

    code = "split_frozen"


class SplitChangedError(ConflictError):
    """Another split was proposed since the one that is to be signed was read."""

    code = "split_changed"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether an award goes on by itself.

    Attributes:
        passed: Gates passed so far.
        has_open_case: The team is accused of something and no decision is final.
        is_signed: Every member signed the split as it stands; true for a team of one.
        has_proposal: Somebody proposed another split than equal parts.
        is_blocked: A better place is undecided, or a shared one not ready yet.

    """

    passed: frozenset[Gate] = frozenset()
    has_open_case: bool = False
    is_signed: bool = False
    has_proposal: bool = False
    is_blocked: bool = False


def next_state(
    award: Award, *, plan: ChallengePlan, facts: Facts, now: datetime
) -> AwardState | None:
    """Return where an award goes by itself at `now`, None while it waits.

    Only the next step: the caller asks again after each. A clock that runs out forfeits where the
    team is waited for, and moves on where the organizer is (integrity.md §5.4).
    """
    is_due = award.due_at is not None and now >= award.due_at
    gates = plan.verification.gates
    goes: dict[AwardState, AwardState | None] = {}
    if is_due:
        goes |= {
            _S.NOTIFIED: _S.FORFEITED,
            _S.ACCEPTED: _S.FORFEITED,
            _S.SENT: _S.CONFIRMED,
        }
        if gates:
            goes[_S.PROVISIONAL] = _S.NOTIFIED
        if not (facts.has_open_case or facts.is_blocked):
            goes.setdefault(_S.PROVISIONAL, _S.CONFIRMED)
            goes[_S.SPLIT_SIGNED] = _S.PAYABLE
    if Gate.CODE not in gates or Gate.CODE in facts.passed:
        goes[_S.DOCUMENTS] = _S.CODE_VERIFIED
    if set(gates) <= facts.passed and not facts.has_open_case:
        goes[_S.CODE_VERIFIED] = _S.ELIGIBLE
    goes[_S.ELIGIBLE] = _split_state(award, plan=plan, facts=facts, now=now)
    return goes.get(award.state)


def waiting_since(award: Award, *, plan: ChallengePlan, now: datetime) -> datetime | None:
    """Return since when an award waits for its organizer beyond the time for it; else None."""
    if award.state not in (*_TO_CHECK, *_TO_PAY) or award.due_at is None or now < award.due_at:
        return None
    return award.due_at - timedelta(days=plan.escrow.silence_days)


def silent_gates(
    award: Award, *, plan: ChallengePlan, looked_at: Collection[Gate], now: datetime
) -> tuple[Gate, ...]:
    """Return the gates that pass because the organizer said nothing of them in time.

    Who is paid is never left to silence: identity, age and residence (with the lists of sanctions)
    are asked for by law. Code that runs here is judged by its run. A gate that somebody looked at
    stays as it was found.
    """
    if award.state not in _TO_CHECK or waiting_since(award, plan=plan, now=now) is None:
        return ()
    runs_here = {Delivery.CODE, Delivery.IMAGE} & set(plan.deliveries)
    never = _OF_LAW | ({Gate.CODE} if runs_here else set())
    return tuple(
        gate for gate in plan.verification.gates if gate not in never and gate not in looked_at
    )


def _split_state(
    award: Award, *, plan: ChallengePlan, facts: Facts, now: datetime
) -> AwardState | None:
    """Signed by all, or nobody wants another than equal parts, or nobody signs the other one."""
    if facts.is_signed:
        return _S.SPLIT_SIGNED
    limit = award.due_at
    if facts.has_proposal and award.entered_at is not None:
        patience = award.entered_at + timedelta(days=plan.escrow.silence_days)
        limit = patience if limit is None else max(limit, patience)
    return _S.SPLIT_SIGNED if limit is not None and now >= limit else None


def check_state(award: Award, *allowed: AwardState) -> None:
    """Let something be done only where it makes sense.

    Raises:
        AwardStateError: Says where the award stands.

    """
    if award.state not in allowed:
        wanted = " or ".join(state.value.replace("_", " ") for state in allowed)
        raise AwardStateError(
            f"This award is {award.state.value.replace('_', ' ')}; this needs one that is {wanted}."
        )


def check_in_time(award: Award, *, now: datetime) -> None:
    """Let a team do its part until its time is over, whether or not the sweep has seen that yet.

    Raises:
        AwardStateError: Says since when it is over.

    """
    if award.due_at is not None and now >= award.due_at:
        raise AwardStateError(
            f"The time for this was over on {in_words(award.due_at)}. The award goes to the next in"
            " rank; talk to the organizer."
        )


def check_no_case(team_ids: Collection[str], team_id: str) -> None:
    """Let nobody be paid who is accused of something.

    Raises:
        AwardStateError: The team is among those against which a case is open.

    """
    if team_id in team_ids:
        raise AwardStateError("A case against this team is open. It is decided first, then paid.")


def check_open(award: Award) -> None:
    """Let an award be decided once.

    Raises:
        AwardDecidedError: It was decided before.

    """
    if award.state not in states.UNDECIDED:
        words = award.state.value.replace("_", " ")
        raise AwardDecidedError(f"This award is {words} already; that stays.")


def check_confirm(award: Award, *, awards: Iterable[Award], gates: Collection[Gate] = ()) -> None:
    """Let an award be confirmed by its organizer's word alone, once every better place is decided.

    So a team that moves up never leaves a confirmed prize behind.

    Raises:
        AwardDecidedError: It was decided before.
        AwardStateError: The challenge verifies its winners.
        BetterPlaceOpenError: Names the place to decide first.

    """
    check_open(award)
    if gates:
        raise AwardStateError(
            "This challenge verifies its winners: notify the team, and the award goes its way."
        )
    better = [
        other.place
        for other in awards
        if other.state in states.UNDECIDED
        and (other.pot, other.round) == (award.pot, award.round)
        and other.place < award.place
    ]
    if better:
        raise BetterPlaceOpenError(
            f"Decide place {min(better)} first: if that team declines, {award.team_name} moves up."
        )


def check_alone(award: Award, *, awards: Iterable[Award]) -> None:
    """Let what the organizer's word gave be paid once nobody beside it can make it grow.

    Raises:
        BetterPlaceOpenError: Names the team on the same place that is undecided.

    """
    for other in awards:
        if other.state in states.UNDECIDED and _key(other) == _key(award):
            raise BetterPlaceOpenError(
                f"{other.team_name} shares this place. Decide that award first: if that team"
                " declines, this one grows."
            )


def _key(award: Award) -> tuple[str, int, int]:
    return award.pot, award.round, award.place


def check_not_told(award: Award, *, gates: Collection[Gate]) -> None:
    """Let an organizer decline without a word only what no team waits for.

    Raises:
        AwardStateError: Winners are verified, and this team was told that it has won.

    """
    if gates and award.state in states.UNDECIDED - {_S.PROVISIONAL}:
        raise AwardStateError(
            "The team was told that it has won. To end the award, say why: palio award forfeit"
            " --words, or End it on its page."
        )


def is_blocked(
    award: Award, *, awards: Iterable[Award], accused: Collection[str], now: datetime
) -> bool:
    """Tell whether an award must wait: a better place is undecided, or one it shares is not ready.

    Were it paid first and the other one lost, it would have to move up with its money paid.

    Args:
        award: At the last step before its money, or before.
        awards: All of the challenge.
        accused: Ids of the teams against which a case is open.
        now: The database's time.

    """
    rivals = [
        other
        for other in awards
        if other.id != award.id
        and (other.pot, other.round) == (award.pot, award.round)
        and other.state in states.UNDECIDED
    ]
    if any(other.place < award.place for other in rivals):
        return True
    is_last = award.state is _S.SPLIT_SIGNED
    return is_last and any(
        other.place == award.place and not _is_ready(other, accused=accused, now=now)
        for other in rivals
    )


def _is_ready(award: Award, *, accused: Collection[str], now: datetime) -> bool:
    is_due = award.due_at is not None and now >= award.due_at
    return award.state is _S.SPLIT_SIGNED and is_due and award.team_id not in accused


def check_evidence(sha256: str, *, words: str) -> None:
    """Accept a gate's evidence: the hash of what was seen, or words where nothing can be hashed.

    Raises:
        BadEvidenceError: Neither, or no SHA-256, or too many words.

    """
    if sha256 and not _SHA256.fullmatch(sha256):
        raise BadEvidenceError("The evidence is a SHA-256: 64 hexadecimal digits in lower case.")
    if not sha256 and not words.strip():
        raise BadEvidenceError("Give the SHA-256 of what you saw, or say in words what it was.")
    if len(words) > WORDS_MAX_CHARS or "\0" in words:
        raise BadEvidenceError(f"At most {WORDS_MAX_CHARS} characters of plain text.")


def check_gate(gate: Gate, *, plan: ChallengePlan) -> None:
    """Let a gate be recorded that the challenge declares.

    Raises:
        GateNotAskedError: It does not.

    """
    if gate not in plan.verification.gates:
        raise GateNotAskedError(f"This challenge has no gate {gate.value}.")


def check_split(parts: Mapping[str, int], *, members: Collection[str]) -> None:
    """Accept a split: a part for every member and nobody else, 10,000 together.

    Raises:
        BadSplitError: In words.

    """
    if set(parts) != set(members):
        raise BadSplitError("Give every member of the team a part, 0 included, and nobody else.")
    if any(points < 0 for points in parts.values()) or sum(parts.values()) != BASIS_POINTS:
        found = f"{sum(parts.values()) / 100:g} %"
        raise BadSplitError(f"The parts must add up to 100 %, each 0 or more; they are {found}.")


def check_same_split(split: Split, *, number: int | None) -> None:
    """Let nobody sign other parts than those that were read; raises `SplitChangedError`."""
    if number is not None and number != split.number:
        raise SplitChangedError("Another split was proposed meanwhile. Read it, then sign it.")


def check_not_agreed(split: Split) -> None:
    """Let a proposal stand that everybody has signed; raises `SplitFrozenError`."""
    if split.number and is_signed(split):
        raise SplitFrozenError("All of you have signed this split, so it stays.")


def equal_parts(members: Sequence[str]) -> dict[str, int]:
    """Return equal parts in basis points, the odd ones to the first; amounts are split anew."""
    each, odd = divmod(BASIS_POINTS, len(members))
    return {member: each + (place < odd) for place, member in enumerate(members)}


def is_signed(split: Split) -> bool:
    """Tell whether everybody agreed to the split."""
    return all(share.has_signed for share in split.shares) or len(split.shares) == 1


def passed_gates(records: Iterable[GateRecord]) -> frozenset[Gate]:
    """Return the gates whose last record says passed; `records` from old to new."""
    latest = {record.gate: record.has_passed for record in records}
    return frozenset(gate for gate, has_passed in latest.items() if has_passed)

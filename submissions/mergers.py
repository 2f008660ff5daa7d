"""Teams merge: proposed by one captain, seen by all, accepted by the other one, with all tries.

Every verb holds the challenge's lock alone, so no submission and no other merger runs beside it;
then both teams, in the order of their ids. Ledger lines stay with the team that was charged, and
the merged team's ledger is that of all teams it came from; submissions move to the team that goes
on, and their receipts keep naming who handed them in.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from sqlalchemy import case, func, update
from sqlmodel import Session, col, select

from palio.accounts import mergers as accounts
from palio.accounts import messages
from palio.accounts import queries as teams
from palio.accounts.contracts import Merger, MergerState, Team
from palio.accounts.errors import MergerNotFoundError, MergerRefusedError
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, EntryRule
from palio.challenges.rules import in_words, merge_deadline
from palio.core import audit
from palio.submissions import exclusions, merger_rules, models, queries
from palio.submissions.exclusion_models import ExclusionRow
from palio.submissions.merger_contracts import MergerPreview
from palio.submissions.rules import TeamNotInChallengeError


def preview(
    session: Session, *, challenge: Challenge, ours: Team, theirs: Team, now: datetime
) -> MergerPreview:
    """Return what a merger would make of two teams, and what is against it now."""
    chosen = sum(queries.chosen_count(session, team_id=team.id) for team in (ours, theirs))
    sums = [_day_sums(session, team_id=team.id) for team in (ours, theirs)]
    tries = tuple(
        merger_rules.combine(
            phase, ours=sums[0].get(phase.id, {}), theirs=sums[1].get(phase.id, {}), now=now
        )
        for phase in challenge.phases
        if phase.opens_at <= now
    )
    members = len(ours.members) + len(theirs.members)
    most = challenge.plan.teams.max_members
    words = (
        merger_rules.time_words(challenge, now=now),
        merger_rules.size_words(members, max_members=most),
        *map(merger_rules.tries_words, tries),
        _standing_words(session, challenge, ours, theirs),
    )
    return MergerPreview(
        our_name=ours.name,
        their_name=theirs.name,
        our_captain=_handle(ours, ours.captain_id),
        their_captain=_handle(theirs, theirs.captain_id),
        our_members=tuple(member.handle for member in ours.members),
        their_members=tuple(member.handle for member in theirs.members),
        max_members=most,
        phases=tries,
        chosen=chosen,
        finals=challenge.plan.finals,
        choices_end=_is_chosen_out(challenge, chosen=chosen),
        until=merge_deadline(challenge),
        obstacles=tuple(each for each in words if each),
    )


def propose(
    session: Session,
    *,
    challenge: Challenge,
    team_id: str,
    other_team_id: str,
    keeps_our_name: bool,
    keeps_our_captain: bool,
    by: str,
    now: datetime,
) -> Merger:
    """Propose to another team that the two become one; told to all members of both.

    Raises:
        NotCaptainError: Only a captain proposes.
        MergerRefusedError: Says everything that is against it.
        TeamNotInChallengeError: One of the teams belongs to another challenge.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    ours, theirs = _lock_pair(session, challenge, team_id, other_team_id)
    proposer = ours if keeps_our_captain else theirs
    merger = accounts.propose(
        session,
        ours=ours,
        theirs=theirs,
        name=(ours if keeps_our_name else theirs).name,
        captain_id=proposer.captain_id,
        by=by,
        now=now,
    )
    _check_possible(session, challenge=challenge, ours=ours, theirs=theirs, now=now)
    _record(session, merger, action="submissions.propose_merger", by=by, now=now)
    _tell(
        session,
        (ours, theirs),
        kind="merger.proposed",
        text=f"In {challenge.plan.title} the team {ours.name} proposes to merge with"
        f" {theirs.name}: the merged team would be called {merger.name}, its captain would be"
        f" {_handle(proposer, merger.captain_id)}. The captain of {theirs.name} decides, until"
        f" {in_words(merge_deadline(challenge))}. What you would have together is on the team's"
        " page.",
        now=now,
    )
    return merger


def accept(
    session: Session, *, merger_id: str, challenge: Challenge, by: str, now: datetime
) -> Team:
    """Make the two teams one, as proposed; told to all members. Returns the merged team.

    Raises:
        MergerNotFoundError: This challenge has no such proposal.
        NotCaptainError: Only the captain of the team that was asked accepts.
        MergerRefusedError: Decided before, not as proposed any more, or something is against it.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    merger = of_challenge(session, merger_id=merger_id, challenge=challenge)
    accounts.check_open(merger.state)
    pair = _lock_pair(session, challenge, merger.proposer_id, merger.other_id)
    accounts.check_acceptable(session, merger, by=by)
    _check_possible(session, challenge=challenge, ours=pair[0], theirs=pair[1], now=now)
    chosen = sum(queries.chosen_count(session, team_id=team.id) for team in pair)
    others = [each for each in _open_of(session, pair) if each.id != merger.id]
    merged, gone = accounts.unite(session, merger_id=merger.id, by=by, now=now)
    _move_submissions(session, from_id=gone.id, to_id=merged.id)
    has_lost_choices = _is_chosen_out(challenge, chosen=chosen)
    if has_lost_choices:
        _unchoose_all(session, team_id=merged.id)
    _record(
        session,
        accounts.merger(session, merger.id),
        action="submissions.merge",
        by=by,
        now=now,
        choices_end=has_lost_choices,  # who ranks again from the log has to know
    )
    choices = (
        f" Together you had chosen {chosen} submissions, and {challenge.plan.finals} can be"
        " final: none is chosen now, so choose again."
        if has_lost_choices
        else ""
    )
    _tell(
        session,
        (merged,),
        kind="merger.accepted",
        text=f"{merger.proposer_name} and {merger.other_name} are one team now in"
        f" {challenge.plan.title}: {merged.name}, captain {_handle(merged, merged.captain_id)}."
        f" The tries and submissions of both count for it.{choices}",
        now=now,
    )
    _tell_void(session, challenge, others, merged, now=now)
    return merged


def end(
    session: Session,
    *,
    merger_id: str,
    challenge: Challenge,
    state: MergerState,
    by: str,
    now: datetime,
) -> Merger:
    """Decline a proposal, or withdraw one's own; told to all members of both teams.

    Args:
        session: The caller's transaction.
        merger_id: The proposal.
        challenge: It belongs to.
        state: `MergerState.DECLINED` or `MergerState.WITHDRAWN`.
        by: The captain whose word it is.
        now: The database's time.

    Raises:
        MergerNotFoundError, NotCaptainError, MergerRefusedError: As `accounts.mergers.end`.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    merger = of_challenge(session, merger_id=merger_id, challenge=challenge)
    ended = accounts.end(session, merger_id=merger.id, state=state, by=by, now=now)
    _record(session, ended, action=f"submissions.merger_{state.value}", by=by, now=now)
    both = accounts.lock_both(session, team_ids=(merger.proposer_id, merger.other_id))
    _tell(
        session,
        both,
        kind=f"merger.{state.value}",
        text=f"The proposal that {merger.proposer_name} and {merger.other_name} merge in"
        f" {challenge.plan.title} was {state.value}. Nothing changes for either team.",
        now=now,
    )
    return ended


def _open_of(session: Session, pair: tuple[Team, Team]) -> Iterator[Merger]:
    for team in pair:
        for each in accounts.of_team(session, team_id=team.id):
            if each.state is MergerState.OPEN:
                yield each


def _tell_void(
    session: Session,
    challenge: Challenge,
    proposals: Iterable[Merger],
    merged: Team,
    *,
    now: datetime,
) -> None:
    """Say to third teams, and to the merged one, that proposals between them are void."""
    for each in proposals:
        current = {teams.current_team_id(session, one) for one in (each.proposer_id, each.other_id)}
        _tell(
            session,
            tuple(teams.team(session, team_id) for team_id in sorted(current)),
            kind="merger.void",
            text=f"The proposal that {each.proposer_name} and {each.other_name} merge in"
            f" {challenge.plan.title} is void: one of them has become a part of {merged.name}."
            " Nothing changes for either team; a new proposal is possible.",
            now=now,
        )


def of_challenge(session: Session, *, merger_id: str, challenge: Challenge) -> Merger:
    """Return a proposal of this challenge; raises `MergerNotFoundError`."""
    merger = accounts.merger(session, merger_id)
    if merger.challenge_id != challenge.id:
        raise MergerNotFoundError("This challenge has no such proposal of a merger.")
    return merger


def _lock_pair(
    session: Session, challenge: Challenge, team_id: str, other_team_id: str
) -> tuple[Team, Team]:
    current = [teams.current_team_id(session, each) for each in (team_id, other_team_id)]
    ours, theirs = accounts.lock_both(session, team_ids=current)
    if {ours.challenge_id, theirs.challenge_id} != {challenge.id}:
        raise TeamNotInChallengeError("This team does not take part in this challenge.")
    return ours, theirs


def _check_possible(
    session: Session, *, challenge: Challenge, ours: Team, theirs: Team, now: datetime
) -> None:
    found = preview(session, challenge=challenge, ours=ours, theirs=theirs, now=now)
    if found.obstacles:
        raise MergerRefusedError(" ".join(found.obstacles))


def _standing_words(session: Session, challenge: Challenge, ours: Team, theirs: Team) -> str:
    empty = next((team.name for team in (ours, theirs) if not team.members), "")
    if empty:  # its row stays where a lifted disqualification or a closed case names it
        return f"Nobody is in the team {empty} any more."
    out = exclusions.disqualified_team_ids(session, challenge_id=challenge.id)
    if out & {ours.id, theirs.id}:
        return "One of the teams cannot merge: ask the organizer."
    hosts = {person.id for _, person in teams.role_holders(session, challenge_id=challenge.id)}
    hosts.add(challenge.organizer_id)
    if any(member.person_id in hosts for team in (ours, theirs) for member in team.members):
        return "A team with an organizer or a judge in it does not merge."
    return ""


def _day_sums(session: Session, *, team_id: str) -> dict[str, dict[date, int]]:
    rows = session.exec(
        select(
            col(models.QuotaLine.phase_id),
            col(models.QuotaLine.day),
            func.sum(models.QuotaLine.change),
        )
        .where(col(models.QuotaLine.team_id).in_(teams.lineage(session, team_id)))
        .group_by(col(models.QuotaLine.phase_id), col(models.QuotaLine.day))
    )
    sums: dict[str, dict[date, int]] = {}
    for phase_id, day, change in rows:
        sums.setdefault(phase_id, {})[day] = int(change)
    return sums


def _is_chosen_out(challenge: Challenge, *, chosen: int) -> bool:
    return challenge.plan.entry_rule is EntryRule.CHOSEN and chosen > challenge.plan.finals


def _move_submissions(session: Session, *, from_id: str, to_id: str) -> None:
    sender = col(models.Submission.sender_team_id)
    session.execute(
        update(models.Submission)
        .where(col(models.Submission.team_id) == from_id)
        .values(team_id=to_id, sender_team_id=case((sender == "", from_id), else_=sender))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(ExclusionRow)
        .where(col(ExclusionRow.team_id) == from_id)
        .values(team_id=to_id)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()  # rows read before in this transaction still name the old team


def _unchoose_all(session: Session, *, team_id: str) -> None:
    session.execute(
        update(models.Submission)
        .where(col(models.Submission.team_id) == team_id)
        .values(is_chosen=False)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def _handle(team: Team, person_id: str) -> str:
    return next((m.handle for m in team.members if m.person_id == person_id), "")


def _record(
    session: Session, merger: Merger, *, action: str, by: str, now: datetime, **more: bool
) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=merger.id,
        challenge_id=merger.challenge_id,
        detail={
            "proposer": merger.proposer_id,
            "other": merger.other_id,
            "survivor": merger.survivor_id,
            **more,
        },
        now=now,
    )


def _tell(session: Session, told: tuple[Team, ...], *, kind: str, text: str, now: datetime) -> None:
    messages.send(
        session,
        person_ids=[member.person_id for team in told for member in team.members],
        challenge_id=told[0].challenge_id,
        kind=kind,
        text=text,
        now=now,
    )

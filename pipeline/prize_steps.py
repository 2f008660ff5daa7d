"""What time and scores do to prizes: last calls, progress prizes at their dates, winners' clocks.

Each step is one transaction under the challenge's lock and changes nothing when done again: it may
be killed anywhere, and the next sweep does what is missing.
"""

from datetime import datetime

from sqlmodel import Session

from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.rules import in_words
from palio.core import db
from palio.core.clock import database_now
from palio.pipeline import alarms
from palio.pipeline.bench import Bench
from palio.pipeline.contracts import AlarmKind
from palio.pipeline.one_by_one import each
from palio.prizes import last_call, progress, reruns, rules, service, states
from palio.prizes import queries as prizes
from palio.prizes.contracts import Award

_RUNNING = (ChallengeState.OPEN, ChallengeState.CLOSED, ChallengeState.REVEALED)


def call_last(bench: Bench, challenge_id: str) -> bool:
    """Begin the challenge's last call if a public score has reached its line."""
    with db.reading(bench.engine) as session:
        challenge = challenges.by_id(session, challenge_id)
        is_called = prizes.last_call(session, challenge_id=challenge_id, round=challenge.round)
        if is_called is not None or not last_call.may_call(challenge):
            return False
    with bench.work() as session:
        now = database_now(session)
        called = last_call.call_if_reached(session, challenge_id=challenge_id, now=now)
    return called is not None


def judge_progress(bench: Bench, challenge_id: str) -> bool:
    """Judge the dates of progress prizes that have come; the other prizes may wait for that."""
    with bench.work() as session:
        now = database_now(session)
        has_judged = progress.judge_due(session, challenge_id=challenge_id, now=now)
        if has_judged:
            service.run_clocks(session, challenge_id=challenge_id, now=now)
        return has_judged


def judge_rerun(bench: Bench, submission_id: str) -> bool:
    """Hold what a winner's code gave against the entry, once it has ended."""
    with bench.work() as session:
        now = database_now(session)
        return reruns.judge(session, submission_id=submission_id, now=now) is not None


def run_clocks(bench: Bench, challenge_id: str) -> None:
    """Remind, forfeit, offer to the next in rank, and let awards go on."""
    with bench.work() as session:
        now = database_now(session)
        service.run_clocks(session, challenge_id=challenge_id, now=now)
        _note_waiting(session, challenge_id, now=now)


def _note_waiting(session: Session, challenge_id: str, *, now: datetime) -> None:
    """Raise an alarm for each award that waits beyond the time for a person, and end the others.

    What checks the law asks for never pass by silence, and nobody is paid by it, nor from a deposit
    that is not there any more; that a winner waits is seen by people.
    """
    challenge = challenges.by_id(session, challenge_id)
    for award in prizes.awards(session, challenge_id=challenge_id):
        words = _waiting_words(session, challenge, award, now=now)
        if not words:
            alarms.end(session, kind=AlarmKind.AWARD_WAITS, subject=award.id, now=now)
            continue
        alarms.raise_alarm(
            session,
            kind=AlarmKind.AWARD_WAITS,
            subject=award.id,
            challenge_id=challenge_id,
            words=words,
            now=now,
        )


def _waiting_words(session: Session, challenge: Challenge, award: Award, *, now: datetime) -> str:
    if prizes.lacks_deposit(session, award, challenge=challenge, now=now):
        return (
            f"{award.title}: the deposit that the rules demand does not cover the"
            f" {award.money} of {award.team_name} any more. Record the missing deposit."
        )
    since = rules.waiting_since(award, plan=challenge.plan, now=now)
    if since is None:
        return ""
    if award.state in states.GIVEN:
        return (
            f"{award.title}: {award.team_name} waits to be paid since {in_words(since)}. Pay and"
            " record it, or see to it that somebody does."
        )
    return (
        f"{award.title}: {award.team_name} waits for the organizer since {in_words(since)}."
        " Record the checks, or see to it that somebody does."
    )


def _may_open_again(session: Session, challenge: Challenge) -> bool:
    """Tell whether a challenge that nobody has won waited for a case that is over now."""
    may_reopen = challenge.plan.verification.reopen_days is not None
    is_revealed = challenge.state is ChallengeState.REVEALED
    return is_revealed and may_reopen and service.is_settled(session, challenge_id=challenge.id)


def look_after(bench: Bench) -> None:
    """Do all of it for every challenge; one in trouble does not stop the others."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        runs = reruns.open_submission_ids(session)
        clocks = {
            *prizes.due_challenge_ids(session, now=now),
            *alarms.challenge_ids(session, kind=AlarmKind.AWARD_WAITS),  # perhaps to be ended
        }
        running = [
            challenges.by_id(session, challenge_id)
            for state in _RUNNING
            for challenge_id in challenges.ids_in_state(session, state)
        ]
        clocks |= {one.id for one in running if _may_open_again(session, one)}
        dated = [one.id for one in running if progress.has_unjudged(session, one, now=now)]
    called = [one.id for one in running if last_call.may_call(one)]
    each(runs, lambda one: judge_rerun(bench, one), what="rerun of a winner's code")
    each(called, lambda one: call_last(bench, one), what="last call of a challenge")
    each(dated, lambda one: judge_progress(bench, one), what="progress prizes of a challenge")
    each(sorted(clocks), lambda one: run_clocks(bench, one), what="clocks of awards of a challenge")

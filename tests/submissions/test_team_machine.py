"""Any order of submitting, refunds, joining, leaving, merging and disqualifying keeps the tries.

Nobody gets a second set of tries: whatever people do with their teams, a team has used what its
people sent, and never more than one team could have.
"""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine
from sqlmodel import Session, select
from tests.factories import databases
from tests.factories import submissions as make

from palio.accounts import queries as accounts
from palio.accounts import service as account_service
from palio.accounts.contracts import Team
from palio.challenges.contracts import Quota
from palio.core import db
from palio.core.clock import database_now
from palio.core.errors import AppError
from palio.submissions import exclusions, mergers, models, queries, service
from palio.submissions.contracts import SubmissionState
from palio.submissions.exclusion_contracts import ReasonCode

QUOTA = Quota(per_day=3, total=5, zone="UTC")  # two days have begun: together 5 at most
PEOPLE = st.integers(0, 3)
FREE = {SubmissionState.ERRORED.value}


class Teams(RuleBasedStateMachine):
    """Four people and everything they can do with their teams, on a real database."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "db.sqlite3"
        path.write_bytes(databases.with_every_table())
        self.engine: Engine = databases.open_sqlite(path)
        self.keys = 0
        with self.work() as session:
            self.challenge = make.challenge(session, quota=QUOTA)
            self.people = [
                accounts.person(
                    session, make.team(session, of=self.challenge, handle=f"person-{n}").captain_id
                )
                for n in range(4)
            ]

    def work(self) -> make.AbstractContextManager[Session]:
        return db.unit_of_work(self.engine, send=lambda _: None)

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    def team(self, session: Session, person: int) -> Team:
        return account_service.solo_team(
            session,
            challenge_id=self.challenge.id,
            person=self.people[person],
            now=database_now(session),
        )

    def attempt(self, deed: str, *people: int) -> None:
        """Do something that the rules may refuse; then nothing of it has happened."""
        try:
            with self.work() as session:
                getattr(self, f"_{deed}")(session, *people)
        except AppError:
            pass

    @rule(person=PEOPLE)
    def submit(self, person: int) -> None:
        self.attempt("submit", person)

    def _submit(self, session: Session, person: int) -> None:
        self.keys += 1
        team = self.team(session, person)
        service.receive(
            session,
            challenge=self.challenge,
            team_id=team.id,
            person_id=self.people[person].id,
            blob=make.blob(str(self.keys)),
            file_name="p.csv",
            note="",
            idempotency_key=f"k{self.keys}",
            limits=make.LIMITS,
        )

    @rule(person=PEOPLE)
    def give_back(self, person: int) -> None:
        with self.work() as session:
            sent = session.exec(
                select(models.Submission.id).where(
                    models.Submission.person_id == self.people[person].id,
                    models.Submission.state == SubmissionState.RECEIVED.value,
                )
            ).first()
            if sent is not None:
                now = database_now(session)
                service.error(session, submission_id=sent, reason="Our fault.", now=now)

    @rule(ours=PEOPLE, theirs=PEOPLE)
    def merge(self, ours: int, theirs: int) -> None:
        self.attempt("merge", ours, theirs)

    def _merge(self, session: Session, ours: int, theirs: int) -> None:
        one, other = self.team(session, ours), self.team(session, theirs)
        made = mergers.propose(
            session,
            challenge=self.challenge,
            team_id=one.id,
            other_team_id=other.id,
            keeps_our_name=False,
            keeps_our_captain=True,
            by=one.captain_id,
            now=database_now(session),
        )
        mergers.accept(
            session,
            merger_id=made.id,
            challenge=self.challenge,
            by=other.captain_id,
            now=database_now(session),
        )

    @rule(host=PEOPLE, guest=PEOPLE)
    def join(self, host: int, guest: int) -> None:
        self.attempt("join", host, guest)

    def _join(self, session: Session, host: int, guest: int) -> None:
        team, now = self.team(session, host), database_now(session)
        link = account_service.invite(
            session, team_id=team.id, by=team.captain_id, now=now, days=7, merge_deadline=None
        )
        account_service.accept_invite(
            session,
            code=link.secret,
            person=self.people[guest],
            max_members=3,
            merge_deadline=None,
            now=now,
        )

    @rule(person=PEOPLE)
    def leave(self, person: int) -> None:
        self.attempt("leave", person)

    def _leave(self, session: Session, person: int) -> None:
        account_service.leave_team(
            session,
            person_id=self.people[person].id,
            team_id=self.team(session, person).id,
            now=database_now(session),
        )

    @rule(person=PEOPLE)
    def disqualify(self, person: int) -> None:
        self.attempt("disqualify", person)

    def _disqualify(self, session: Session, person: int) -> None:
        team, now = self.team(session, person), database_now(session)
        if team.first_submission_at is None:
            return  # the web keeps people in such a team, not this layer
        standing = exclusions.of_team(session, team_id=team.id)
        if standing:
            exclusions.lift(
                session,
                exclusion_id=standing[0].id,
                challenge=self.challenge,
                words="Right.",
                by="host",
                now=now,
            )
            return
        exclusions.disqualify(
            session,
            challenge=self.challenge,
            team_id=team.id,
            reason=ReasonCode.OTHER_RULE,
            words="Rule 3.",
            by="host",
            now=now,
        )

    @invariant()
    def every_team_has_used_what_its_people_sent_and_never_more_than_one_team_may(self) -> None:
        with self.work() as session:
            now = database_now(session)
            for team in accounts.teams(session, challenge_id=self.challenge.id).values():
                used = queries.quota(
                    session, challenge=self.challenge, team_id=team.id, now=now
                ).used_total
                members = {member.person_id for member in team.members}
                rows = session.exec(select(models.Submission)).all()
                sent = [row for row in rows if row.person_id in members and row.state not in FREE]
                assert used == len(sent) <= 5
                assert {row.team_id for row in sent} <= {team.id}

    @invariant()
    def every_receipt_names_who_handed_it_in(self) -> None:
        with self.work() as session:
            for row in session.exec(select(models.Submission)).all():
                sender = row.sender_team_id or row.team_id or ""
                assert accounts.current_team_id(session, sender) == row.team_id


def test_any_order_of_deeds_keeps_the_tries() -> None:
    run_state_machine_as_test(
        Teams, settings=settings(max_examples=6, stateful_step_count=25, deadline=None)
    )

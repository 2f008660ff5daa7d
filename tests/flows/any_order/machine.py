"""Every deed of a challenge's life in any order; the promises are looked at after each."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlmodel import Session, col, select
from tests.flows.any_order import awards, files, promises
from tests.flows.any_order.rules_of_challenges import KINDS, Kind
from tests.flows.any_order.site import Site, Stages

from palio.accounts import mergers as proposals
from palio.accounts.contracts import MergerState, Team
from palio.challenges.errors import ClosedError
from palio.challenges.rules import closes_at
from palio.core.errors import AppError
from palio.escrow import service as escrow
from palio.escrow.contracts import Fund
from palio.pipeline import rescoring
from palio.pipeline.corrections import correct_boards, merge_teams
from palio.prizes import queries as prizes
from palio.prizes import service as award_service
from palio.prizes.contracts import Award
from palio.scoring.card import MetricChoice
from palio.submissions import exclusions, mergers, models, selection, withdrawal
from palio.submissions.contracts import Receipt, SubmissionKind
from palio.submissions.exclusion_contracts import ReasonCode

PICK = st.integers(0, 11)
ONE = st.booleans()
FILE = st.sampled_from([*files.GOOD, *files.GOOD, "unsound"])
HOURS = st.sampled_from([1, 1, 7, 25, 25, 49, 100])
FUND = st.sampled_from(["deposit", "pledge", "refund", "fee"])
STAGE = st.sampled_from(["open", "played", "played", "over", "over"])

Deed = Callable[[Session], object]


class AnyOrder(RuleBasedStateMachine):
    """One challenge, four people, their host, and a clock."""

    stages: ClassVar[Stages]

    def __init__(self) -> None:
        super().__init__()
        self.held: AbstractContextManager[Site] | None = None
        self.keys = 0

    @initialize(kind=st.sampled_from(KINDS), stage=STAGE)
    def begin(self, kind: Kind, stage: str) -> None:
        self.held = self.stages.copy(kind, stage)
        self.site = self.held.__enter__()
        self.memory = promises.Memory()
        self.receipts: dict[tuple[str, str], Receipt] = {}

    def teardown(self) -> None:
        if self.held is not None:
            self.held.__exit__(None, None, None)

    def attempt(self, deed: Deed, *, by_host: bool = False) -> bool:
        """Do something that the rules may refuse; what a host does stands in the log."""
        before = self.memory.events
        try:
            with self.site.work() as session:
                deed(session)
        except AppError:
            return False
        if by_host:
            assert promises.count_events(self.site) > before
        return True

    def correct(self, session: Session, reason: str, *, by: str) -> None:
        site = self.site
        correct_boards(session, challenge_id=site.challenge_id, reason=reason, by=by, now=site.now)

    def key(self) -> str:
        self.keys += 1
        return f"deed {self.keys}"

    def one_of(self, pick: int) -> models.Submission | None:
        """A submission of a team, as it stands."""
        with self.site.reading() as session:
            found = session.exec(
                select(models.Submission)
                .where(col(models.Submission.team_id).is_not(None))
                .order_by(col(models.Submission.received_at))
            ).all()
            session.expunge_all()
        return found[pick % len(found)] if found else None

    # Time and the workers

    @rule(hours=HOURS)
    def wait(self, hours: int) -> None:
        self.site.wait(hours=hours)

    @rule(number=st.sampled_from([1, 2, 1000]))
    def score(self, number: int) -> None:
        self.site.score(number)

    @rule()
    def sweep(self) -> None:
        """Done twice at one instant it is done once: whatever is delivered again does nothing."""
        self.site.score()
        self.site.sweep()
        before = promises.everything(self.site)
        self.site.sweep()
        assert promises.everything(self.site) == before

    @rule()
    def end(self) -> None:
        self.site.end()

    # Teams

    @rule(team=PICK, file=FILE, key=st.sampled_from("abcdef"))
    def submit(self, team: int, file: str, key: str) -> None:
        site = self.site
        ours = site.team(team)
        before = self.receipts.get((ours.id, key))
        challenge = site.challenge
        try:
            receipt = site.submit(ours, files.by_name(file), key=key)
        except ClosedError:
            assert site.now >= closes_at(challenge) or challenge.state.value != "open"
            return
        except AppError:
            return
        assert receipt.is_new is (before is None)
        if before is not None:
            assert (before.submission_id, before.received_at, before.sha256) == (
                receipt.submission_id,
                receipt.received_at,
                receipt.sha256,
            )
            return
        self.receipts[ours.id, key] = receipt
        late = site.now >= closes_at(challenge)
        with site.reading() as session:
            kind = session.get_one(models.Submission, receipt.submission_id).kind
        assert (kind == SubmissionKind.LATE.value) is late
        assert late or challenge.state.value in ("scheduled", "open")

    @rule(pick=PICK, is_chosen=ONE)
    def choose(self, pick: int, is_chosen: bool) -> None:  # noqa: FBT001 (drawn)
        one, site = self.one_of(pick), self.site
        if one is None:
            return
        has_chosen = self.attempt(
            lambda session: selection.choose(
                session,
                submission_id=one.id,
                team_id=one.team_id or "",
                is_chosen=is_chosen,
                challenge=site.challenge,
                now=site.now,
            )
        )
        assert not has_chosen or site.now < closes_at(site.challenge)

    @rule(pick=PICK, is_back=ONE, by_host=ONE)
    def withdraw(self, pick: int, is_back: bool, by_host: bool) -> None:  # noqa: FBT001 (drawn)
        one, site = self.one_of(pick), self.site
        if one is None:
            return
        common: dict[str, Any] = {
            "submission_id": one.id,
            "is_withdrawn": not is_back,
            "challenge": site.challenge,
            "now": site.now,
        }

        def deed(session: Session) -> None:
            if by_host:
                has_changed = withdrawal.set_by_host(
                    session, words="Said so.", by=site.host, **common
                )
            else:
                has_changed = withdrawal.set_by_team(
                    session, team_id=one.team_id or "", by=one.person_id, **common
                )
            if has_changed:
                self.correct(session, "withdrawal", by=site.host)

        self.attempt(deed)

    @rule(ours=PICK, step=st.integers(1, 3), is_ours=ONE, is_accepted=st.sampled_from([1, 1, 0]))
    def merge(self, ours: int, step: int, is_ours: bool, is_accepted: int) -> None:  # noqa: FBT001 (drawn)
        site, us, them = self.site, self.site.team(ours), self.site.team(ours + step)
        self.attempt(
            lambda session: mergers.propose(
                session,
                challenge=site.challenge,
                team_id=us.id,
                other_team_id=them.id,
                keeps_our_name=is_ours,
                keeps_our_captain=is_ours,
                by=us.captain_id,
                now=site.now,
            )
        )
        if is_accepted:
            self.attempt(lambda session: self.accept_mergers(session, them))

    def accept_mergers(self, session: Session, team: Team) -> None:
        """Accept the first merger that a team was asked for, today or long ago."""
        site = self.site
        for asked in proposals.of_team(session, team_id=team.id):
            if asked.state is MergerState.OPEN and asked.other_id == team.id:
                merge_teams(
                    session,
                    merger_id=asked.id,
                    challenge=site.challenge,
                    by=team.captain_id,
                    now=site.now,
                )
                return

    # The host

    @rule(team=PICK, pick=PICK, is_whole=ONE)
    def disqualify(self, team: int, pick: int, is_whole: bool) -> None:  # noqa: FBT001 (drawn)
        site, one = self.site, self.one_of(pick)
        team_id = site.team(team).id
        if not is_whole and one is not None:
            team_id = one.team_id or ""

        def deed(session: Session) -> None:
            exclusions.disqualify(
                session,
                challenge=site.challenge,
                team_id=team_id,
                submission_id=None if is_whole or one is None else one.id,
                reason=ReasonCode.OTHER_RULE,
                words="Rule 3.",
                by=site.host,
                now=site.now,
            )
            self.correct(session, "disqualification", by=site.host)

        self.attempt(deed, by_host=True)

    @rule(pick=PICK)
    def lift(self, pick: int) -> None:
        site = self.site

        def deed(session: Session) -> None:
            found = exclusions.of_challenge(session, challenge_id=site.challenge_id)
            if found:
                exclusions.lift(
                    session,
                    exclusion_id=found[pick % len(found)].id,
                    challenge=site.challenge,
                    words="Right after all.",
                    by=site.host,
                    now=site.now,
                )
                self.correct(session, "disqualification_lifted", by=site.host)

        self.attempt(deed)

    @rule(shift=st.sampled_from([0.0, 0.05, 0.3]), digits=st.sampled_from([None, None, 2]))
    def start_rescoring(self, shift: float, digits: int | None) -> None:
        site = self.site
        common: dict[str, Any] = {
            "challenge": site.challenge, "reason": "Found.", "by": site.host, "now": site.now
        }  # fmt: skip
        if digits is not None:
            metrics = (MetricChoice("rmse", digits=digits),)
            self.attempt(
                lambda session: rescoring.start_with_metrics(session, metrics=metrics, **common)
            )
            return
        folder = site.arena.folder / "correction"
        folder.mkdir(exist_ok=True)
        (folder / "solution.csv").write_text(files.solution(shift))
        stored = rescoring.store_answers(
            folder, site.challenge.plan, blobs=site.arena.bench.blobs, sealed=site.arena.sealed
        )
        shutil.rmtree(folder)
        self.attempt(
            lambda session: rescoring.start_with_answers(session, answers=stored, **common)
        )

    @rule(what=st.sampled_from(["apply", "apply", "apply", "undo", "abandon"]))
    def end_rescoring(self, what: str) -> None:
        site = self.site
        if what == "apply":  # what the workers and the sweep do before anybody could press it
            site.sweep()
            site.score()
            site.sweep()
        common = {"challenge_id": site.challenge_id, "by": site.host, "now": site.now}
        if what == "undo":
            common["reason"] = "It was right."
        verb: Callable[..., object] = getattr(rescoring, what)
        self.attempt(lambda session: verb(session, **common), by_host=True)

    @rule(pick=PICK, draw=PICK)
    def go_on_with_an_award(self, pick: int, draw: int) -> None:
        """Do with an award something that fits where it stands."""
        found = self.award(pick)
        if found is not None:
            fitting = awards.FITTING[found.state]
            verb = fitting[draw % len(fitting)]
            self.attempt(lambda session: verb(session, found, self.site, draw))

    @rule(pick=PICK, times=st.integers(2, 12))
    def bring_an_award_far(self, pick: int, times: int) -> None:
        """Go the straight way to the money, as far as it goes, and wait where one has to wait."""
        for draw in range(1, times):
            found = self.award(pick)
            if found is None:
                return
            verb = awards.FITTING[found.state][0]
            if not self.attempt(lambda session: verb(session, found, self.site, draw)):  # noqa: B023 (called at once)
                self.site.wait(hours=25)
                self.site.sweep()

    @rule(pick=PICK, draw=PICK, verb=st.sampled_from(awards.VERBS))
    def do_anything_with_an_award(self, pick: int, draw: int, verb: awards.Verb) -> None:
        found = self.award(pick)
        if found is not None:
            self.attempt(lambda session: verb(session, found, self.site, draw))

    def award(self, pick: int) -> Award | None:
        with self.site.reading() as session:
            found = prizes.awards(session, challenge_id=self.site.challenge_id)
        return found[pick % len(found)] if found else None

    @rule(what=FUND, minor=st.sampled_from([1, 50_000, 10_000_000]), pick=PICK)
    def move_money(self, what: str, minor: int, pick: int) -> None:
        site, key = self.site, self.key()
        money = [prize.money.currency for prize in site.challenge.plan.prizes]
        currency = money[pick % len(money)]
        if what == "deposit":
            site.deposit(minor, currency, key=key)
            return
        common: dict[str, Any] = {
            "key": key,
            "challenge_id": site.challenge_id,
            "currency": currency,
            "by": site.host,
            "now": site.now,
        }
        if what == "fee":
            self.attempt(lambda session: escrow.collect_fee(session, **common))
        elif what == "pledge":
            self.attempt(lambda session: escrow.pledge(session, minor=minor, **common))
        else:
            self.attempt(
                lambda session: escrow.refund(
                    session,
                    minor=minor,
                    fund=Fund.BANK,
                    is_settled=award_service.is_settled(session, challenge_id=site.challenge_id),
                    **common,
                )
            )

    @invariant()
    def every_promise_is_kept(self) -> None:
        if self.held is not None:
            promises.check(self.site, self.memory)

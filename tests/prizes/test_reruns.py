"""Winners' code run again, on both databases: reproduced or not, and no more told than may be."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.submissions import Work
from tests.prizes.story import Story

from palio.challenges.board_contracts import BoardPlan, Release, ReleaseRule
from palio.challenges.contracts import Delivery, EntryRule, ModelRules
from palio.challenges.prize_contracts import Gate, VerificationPlan
from palio.core import audit
from palio.datasets import service as datasets
from palio.leaderboard import queries as boards
from palio.prizes import queries, reruns, rules, workflow
from palio.prizes.contracts import Award, AwardState, Rerun
from palio.scoring.card import Score, ScoreCard, Trace
from palio.submissions import counting, score_log, selection, service, verification
from palio.submissions import queries as submissions
from palio.submissions.contracts import SubmissionKind
from palio.submissions.rules import DeliveryNotTakenError, NotChoosableError

pytestmark = pytest.mark.slow_on("postgresql")

MODELS = ModelRules(
    seconds=60,
    memory_bytes=2**30,
    cpus=1.0,
    processes=8,
    output_bytes=2**20,
    scratch_bytes=2**20,
    image_max_bytes=2**20,
    code_max_bytes=2**20,
    has_sample_answers=False,
)
CODE = VerificationPlan(gates=(Gate.CODE,))
ROWS = 100
CHANCE = np.random.default_rng(7)
PREDICTED = CHANCE.normal(size=512).astype(np.float32)
LOSSES = np.full(ROWS, 0.01, dtype=np.float32)


def card(private: str, *, losses: np.ndarray, sketch: np.ndarray, mark: str) -> ScoreCard:
    trace = Trace(
        public_sums=losses,
        private_sums=losses,
        sketch=sketch,
        sample=sketch,
        canonical_sha256=mark * 64,
    )
    score = (Score("rmse", float(private), Decimal(private)),)
    return ScoreCard(public=score, private=score, trace=trace)


def won(
    work: Work, *, verification: VerificationPlan = CODE, **changes: object
) -> tuple[Story, Award]:
    """A story whose one team has won with a private score of 0.1 and accepted."""
    taken = (Delivery.PREDICTIONS, Delivery.CODE)
    story = Story(work, verification=verification, models=MODELS, deliveries=taken, **changes)
    with work() as session:
        blob = make.blob("key")
        datasets.add_answer_key(
            session,
            challenge_id=story.challenge.id,
            ids=blob,
            sealed=blob,
            rows=2 * ROWS,
            public_rows=ROWS,
            private_rows=ROWS,
            now=story.now,
        )
        team = make.team(session, of=story.challenge, handle="ada")
        receipt = make.submit(session, to=story.challenge, by=team, key="k")
        record(
            session, receipt.submission_id, card("0.1", losses=LOSSES, sketch=PREDICTED, mark="a")
        )
        story.teams.append(team)
    story.reveal()
    (award,) = story.awards
    story.notify(award)
    return story, story.accept(award, by=team.captain_id)


def record(session: Session, submission_id: str, scored: ScoreCard) -> None:
    now = make.database_now(session)
    service.start(session, submission_id=submission_id, now=now)
    service.record_scores(
        session,
        submission_id=submission_id,
        card=scored,
        key_version=1,
        metric_version=1,
        now=now,
    )


def hand_in(work: Work, story: Story, award: Award, *, key: str = "code") -> str:
    with work() as session:
        receipt = reruns.hand_in_code(
            session,
            award_id=award.id,
            by=story.teams[0].captain_id,
            blob=make.blob(key),
            file_name="code.zip",
            delivery=Delivery.CODE,
            idempotency_key=key,
            limits=make.LIMITS,
            now=story.now,
        )
    return receipt.submission_id


def rerun(work: Work, story: Story, award: Award, scored: ScoreCard) -> Rerun:
    submission_id = hand_in(work, story, award)
    with work() as session:
        assert reruns.judge(session, submission_id=submission_id, now=story.now) is None
        record(session, submission_id, scored)
        found = reruns.judge(session, submission_id=submission_id, now=story.now)
        assert reruns.judge(session, submission_id=submission_id, now=story.now) is None
        assert reruns.open_submission_ids(session) == ()
    assert found is not None
    return found


def test_the_same_predictions_pass_and_the_award_goes_on(work: Work) -> None:
    story, award = won(work)
    scored = card("0.1", losses=LOSSES, sketch=PREDICTED, mark="a")
    found = rerun(work, story, award, scored)
    assert (found.has_passed, found.difference, found.agreement) == (True, 0.0, 1.0)
    with work() as session:
        workflow.hand_in(session, award_id=award.id, by=story.teams[0].captain_id, now=story.now)
    assert story.awards[0].state is AwardState.PAYABLE


def test_two_standard_errors_of_the_paired_difference_are_allowed(work: Work) -> None:
    story, award = won(work)
    noise = CHANCE.normal(scale=0.01, size=ROWS).astype(np.float32)
    near = (PREDICTED + CHANCE.normal(scale=0.01, size=512)).astype(np.float32)
    found = rerun(work, story, award, card("0.1003", losses=LOSSES + noise, sketch=near, mark="b"))
    assert found.has_passed is True
    assert found.difference == pytest.approx(0.0003)
    # se(mean) = 0.001, and the root of 0.01 changes by 0.005 with it.
    assert found.allowed == pytest.approx(2 * 0.005, rel=0.3)
    assert 0.99 <= (found.agreement or 0) < 1


@pytest.mark.parametrize(
    ("private", "sketch"),
    [("0.1003", PREDICTED), ("0.1", CHANCE.normal(size=512).astype(np.float32))],
    ids=["another score", "other predictions"],
)
def test_another_result_fails_and_another_program_may_come(
    work: Work, private: str, sketch: np.ndarray
) -> None:
    story, award = won(work)
    found = rerun(work, story, award, card(private, losses=LOSSES, sketch=sketch, mark="b"))
    assert found.has_passed is False
    assert story.awards[0].state is AwardState.ACCEPTED
    assert "Hand in a corrected one" in story.texts(story.teams[0].captain_id)[-1]
    hand_in(work, story, award, key="again")


def test_the_declared_tolerance_counts_where_it_is_larger(work: Work) -> None:
    story, award = won(work, verification=replace(CODE, tolerance=Decimal("0.0003")))
    found = rerun(work, story, award, card("0.1003", losses=LOSSES, sketch=PREDICTED, mark="b"))
    assert found.has_passed is True


def test_a_program_that_gives_nothing_is_not_reproduced(work: Work) -> None:
    story, award = won(work)
    submission_id = hand_in(work, story, award)
    with work() as session:
        service.error(session, submission_id=submission_id, reason="It was killed.", now=story.now)
        found = reruns.judge(session, submission_id=submission_id, now=story.now)
    assert found is not None
    assert (found.has_passed, found.words) == (False, "It was killed.")


def test_a_rerun_costs_no_try_and_stands_on_no_board(work: Work) -> None:
    story, award = won(work)
    with work() as session:
        before = submissions.quota(
            session, challenge=story.challenge, team_id=story.teams[0].id, now=story.now
        )
    rerun(work, story, award, card("0.05", losses=LOSSES, sketch=PREDICTED, mark="b"))
    with work() as session:
        after = submissions.quota(
            session, challenge=story.challenge, team_id=story.teams[0].id, now=story.now
        )
        board = boards.latest(session, challenge_id=story.challenge.id)
        (run,) = queries.reruns(session, award_id=award.id)
        kind = submissions.submission(session, run.submission_id).kind
    assert (after, kind) == (before, SubmissionKind.VERIFICATION)
    assert [] if board is None else [row.entries for row in board.standings] == [1]


def test_code_is_taken_from_the_winners_alone_and_only_code(work: Work) -> None:
    story, award = won(work)
    with work() as session:
        stranger = make.team(session, of=story.challenge, handle="bob")

    def try_as(by: str, delivery: Delivery) -> None:
        with work() as session:
            reruns.hand_in_code(
                session,
                award_id=award.id,
                by=by,
                blob=make.blob(),
                file_name="x",
                delivery=delivery,
                idempotency_key="x",
                limits=make.LIMITS,
                now=story.now + timedelta(seconds=1),
            )

    with pytest.raises(rules.NotYourAwardError):
        try_as(stranger.captain_id, Delivery.CODE)
    with pytest.raises(DeliveryNotTakenError):
        try_as(story.teams[0].captain_id, Delivery.PREDICTIONS)
    with pytest.raises(rules.AwardStateError, match="Hand in your code first"), work() as session:
        workflow.hand_in(session, award_id=award.id, by=story.teams[0].captain_id, now=story.now)


@pytest.mark.parametrize(
    "rule",
    [ReleaseRule(Release.LADDER, Decimal("0.01")), ReleaseRule(Release.HIDDEN)],
    ids=["ladder", "hidden"],
)
def test_a_release_rule_of_public_scores_does_not_fail_the_winner(
    work: Work, rule: ReleaseRule
) -> None:
    story, award = won(work, board=BoardPlan(release=rule))
    found = rerun(work, story, award, card("0.1", losses=LOSSES, sketch=PREDICTED, mark="a"))
    assert (found.has_passed, found.difference) == (True, 0.0)
    with work() as session:
        entry = submissions.submission(session, found.submission_id)
    assert entry.public_scores == ()


def test_the_log_holds_no_digest_of_what_a_program_predicted_on_hidden_data(work: Work) -> None:
    story, award = won(work)
    found = rerun(work, story, award, card("0.1", losses=LOSSES, sketch=PREDICTED, mark="b"))
    with work() as session:
        (event,) = audit.of_subject(session, subject_id=found.submission_id, action=score_log.KIND)
        (of_file,) = audit.of_subject(
            session, subject_id=award.submission_id, action=score_log.KIND
        )
    digests = [json.loads(each.detail)["canonical_sha256"] for each in (of_file, event)]
    assert digests == ["a" * 64, ""]


def test_braces_in_what_a_program_said_are_words_like_others(work: Work) -> None:
    story, award = won(work)
    submission_id = hand_in(work, story, award)
    with work() as session:
        service.error(session, submission_id=submission_id, reason="No {x.y} {0}", now=story.now)
        found = reruns.judge(session, submission_id=submission_id, now=story.now)
    assert found is not None
    assert "No {x.y} {0}" in story.texts(story.teams[0].captain_id)[-1]


def test_a_rerun_while_the_challenge_runs_can_never_be_chosen(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(
            session,
            entry_rule=EntryRule.CHOSEN,
            models=MODELS,
            deliveries=(Delivery.PREDICTIONS, Delivery.CODE),
        )
        team = make.team(session, of=challenge, handle="ada")
        receipt = verification.receive(
            session,
            challenge=challenge,
            team_id=team.id,
            person_id=team.captain_id,
            blob=make.blob(),
            file_name="code.zip",
            delivery=Delivery.CODE,
            idempotency_key="code",
            limits=make.LIMITS,
            now=make.database_now(session),
        )
        record(
            session,
            receipt.submission_id,
            card("0.1", losses=LOSSES, sketch=PREDICTED, mark="a"),
        )
        assert counting.candidates(session, team_id=team.id) == ()
        with pytest.raises(NotChoosableError, match="run again"):
            selection.choose(
                session,
                submission_id=receipt.submission_id,
                team_id=team.id,
                is_chosen=True,
                challenge=challenge,
                now=make.database_now(session),
            )

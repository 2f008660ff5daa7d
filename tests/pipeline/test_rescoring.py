"""Rescore sets: in shadow until applied, applied whole, undone whole, on both databases."""

import json
import logging
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories.arena import make_arena, predictions
from tests.factories.rescoring import REASON, Rescoring, bobs, missed

from palio.challenges.corrections import CorrectionRefusedError
from palio.core import audit, db
from palio.core.clock import database_now
from palio.core.storage import blob_path
from palio.leaderboard.contracts import Board
from palio.leaderboard.rescore_contracts import RowChange
from palio.pipeline import board_steps, commitments, rescore_steps, rescoring, steps
from palio.pipeline.contracts import JobState, Priority, Queue
from palio.prizes import queries as prizes
from palio.submissions.contracts import SubmissionState
from palio.submissions.rescore_rules import (
    BadReasonError,
    NoRescoreError,
    NothingToUndoError,
    RescoreNotReadyError,
    RescoreOpenError,
)
from palio.submissions.version_contracts import Progress, VersionPair, VersionState

pytestmark = pytest.mark.slow_on("postgresql")
D = Decimal
OLD = [(1, "ada", D("0.2000")), (2, "bob", D("0.4000")), (None, "constant", D("1.0000"))]
NEW = [(1, "bob", D("0.0000")), (2, "ada", D("0.2000")), (None, "constant", D("0.6000"))]


def test_a_set_is_seen_by_nobody_until_it_is_applied_and_then_whole(sets: Rescoring) -> None:
    arena = sets.arena
    before = {job.id for job in arena.jobs()}
    version = sets.correct(bobs)
    jobs = [job for job in arena.jobs() if job.id not in before]
    assert [(job.priority, job.queue, job.score_version_id) for job in jobs] == [
        (Priority.RESCORE, Queue.SCORE, version.id)
    ] * 3
    assert sets.view().preview is None
    sets.score_all()
    sets.publish()
    assert sets.board() == OLD
    view = sets.view()
    assert view.progress == Progress(3, scored=3, without_score=0, faults=0, first_fault="")
    assert view.preview is not None
    assert [(row.name, row.rank_before, row.rank_after) for row in view.preview.public.rows] == [
        ("bob", 2, 1),
        ("ada", 1, 2),
        ("constant", None, None),
    ]
    assert (view.preview.private, view.preview.private_changed) == (None, 2)

    result = sets.apply()
    assert (result.before.ordinal, result.after.ordinal) == (1, 2)
    assert sets.board() == NEW
    assert sets.view().active.pair == VersionPair(key_version=2, metric_version=1)
    assert sets.count("public_score") == 6  # the old ones are kept


def test_those_whose_row_changed_are_told_once_with_old_and_new(sets: Rescoring) -> None:
    arena = sets.arena
    cleo, dora = arena.team("cleo"), arena.team("dora")
    arena.submit(cleo, predictions(1.2))
    arena.score_all()
    sets.publish()
    sets.correct(lambda row, truth: missed(truth, 0.4) if row < 20 else truth)
    sets.score_all()
    sets.apply()
    (told,) = sets.told(cleo)
    first, second = told.split("\n")
    assert first == (
        "All submissions to Ratings were scored again: corrected answer key. "
        f"The organizer says: {REASON}"
    )
    assert second.startswith("Public board: rank stays 3, score 1.2000 is now 1.0")
    assert sets.told(dora) == []  # has no row


def test_undo_gives_back_the_very_board_and_can_itself_be_undone(sets: Rescoring) -> None:
    sets.correct(bobs)
    sets.score_all()
    sets.apply()
    assert sets.undo() is not None
    assert sets.board() == OLD
    assert [switch.to_ordinal for switch in sets.view().switches] == [2, 1]
    assert sets.undo() is not None
    assert sets.board() == NEW


def test_each_version_of_the_answers_is_promised_in_the_log(sets: Rescoring) -> None:
    arena = sets.arena

    def promised() -> list[tuple[int, str]]:
        with db.reading(arena.engine) as session:
            found = audit.of_subject(
                session, subject_id=arena.challenge_id, action=commitments.KIND
            )
            read = [json.loads(event.detail) for event in found]
        return [(each["key_version"], each["holdout_root"]) for each in read]

    sets.correct(bobs)
    ((first, root),) = promised()
    sets.score_all()
    sets.apply()
    sets.undo()
    (_, (second, other), third) = promised()
    assert (first, second, other == root, third) == (1, 2, False, (1, root))


def test_undo_first_scores_what_came_in_since_by_the_older_version(sets: Rescoring) -> None:
    arena = sets.arena
    sets.correct(bobs)
    sets.score_all()
    sets.apply()
    arena.submit(arena.team("cleo"), predictions(0.3))
    arena.score_all()
    sets.publish()
    assert [name for _, name, _ in sets.board()] == ["bob", "cleo", "ada", "constant"]
    assert sets.undo() is None
    with pytest.raises(RescoreNotReadyError):
        sets.apply()
    sets.score_all()
    sets.apply()
    assert [(name, score) for _, name, score in sets.board()] == [
        ("ada", D("0.2000")),
        ("cleo", D("0.3000")),
        ("bob", D("0.4000")),
        ("constant", D("1.0000")),
    ]


def test_an_undo_abandoned_under_way_can_be_opened_again(sets: Rescoring) -> None:
    arena = sets.arena
    sets.correct(bobs)
    sets.score_all()
    sets.apply()
    arena.submit(arena.team("cleo"), predictions(0.3))
    arena.score_all()
    assert sets.undo() is None
    claim = steps._take(arena.bench, Queue.SCORE)
    assert claim is not None
    verdict = steps.judge(arena.bench, claim)
    assert sets.abandon().state is VersionState.RETIRED
    with arena.bench.work() as session:
        assert steps.hand_in(session, claim, verdict, terms=arena.bench.terms)
    assert sets.view().active.ordinal == 2
    assert sets.undo() is None
    sets.score_all()
    assert sets.apply().after.ordinal == 1


def test_what_arrives_meanwhile_is_scored_as_before_then_in_shadow(sets: Rescoring) -> None:
    arena = sets.arena
    sets.correct(bobs)
    late = arena.submit(arena.team("cleo"), predictions(0.3))
    assert steps.score_next(arena.bench, on_lost=lambda: None)  # new ones go first
    assert arena.submission(late.submission_id).public_scores[0].rounded == D("0.3000")
    arena.score_all()
    with pytest.raises(RescoreNotReadyError) as refused:
        sets.apply()
    assert refused.value.detail.startswith("1 of 4 submissions are not scored again yet.")
    sets.score_all()
    sets.apply()
    assert arena.submission(late.submission_id).public_scores[0].rounded == D("0.1000")


def test_a_score_made_by_the_version_before_never_counts_after(sets: Rescoring) -> None:
    arena = sets.arena
    sets.correct(bobs)
    sets.score_all()
    late = arena.submit(arena.team("cleo"), predictions(0.3))
    claim = steps._take(arena.bench, Queue.SCORE)
    assert claim is not None
    verdict = steps.judge(arena.bench, claim)
    sets.apply()
    with arena.bench.work() as session:
        assert steps.hand_in(session, claim, verdict, terms=arena.bench.terms)
    job = arena.job(late.submission_id)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    arena.score_all()
    assert arena.submission(late.submission_id).public_scores[0].rounded == D("0.1000")
    assert sets.count("public_score") == 7


def test_each_submission_is_scored_once_whoever_asks(sets: Rescoring) -> None:
    arena = sets.arena
    sets.correct(bobs)
    for _ in range(2):
        rescore_steps.top_up(arena.bench)
    claim = steps._take(arena.bench, Queue.SCORE)
    assert claim is not None
    verdict = steps.judge(arena.bench, claim)
    for is_ours in (True, False):
        with arena.bench.work() as session:
            assert steps.hand_in(session, claim, verdict, terms=arena.bench.terms) is is_ours
    assert sets.count("shadow_result") == 1
    sets.score_all()
    assert sets.count("job WHERE score_version_id <> ''") == 3


def test_our_faults_are_tried_again_then_told_and_tried_when_asked(
    sets: Rescoring, caplog: pytest.LogCaptureFixture
) -> None:
    arena = sets.arena
    receipt = arena.submit(arena.team("cleo"), predictions(0.3))
    arena.score_all()
    path = blob_path(arena.folder / "blobs", receipt.sha256)
    content = path.read_bytes()
    path.unlink()
    sets.correct(bobs)
    with caplog.at_level(logging.CRITICAL, logger="palio"):
        for _ in range(3):
            arena.score_all()
            arena.change_jobs("not_before = created_at")
    assert sets.view().given_up == 1
    assert arena.submission(receipt.submission_id).state is SubmissionState.SCORED
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with arena.bench.work() as session:
        now = database_now(session)
        again = rescoring.retry(session, challenge_id=arena.challenge_id, by="host", now=now)
        open_set = sets.view().open_set
        assert open_set is not None
        deeds = audit.of_subject(session, subject_id=open_set.id, action="rescore.retry")
    assert [deed.actor_id for deed in deeds] == ["host"]
    assert (again, sets.count("alarm WHERE cleared_at IS NULL")) == (1, 0)
    sets.score_all()
    assert sets.apply().after.ordinal == 2


def test_answers_that_move_rows_between_the_parts_are_never_applied(sets: Rescoring) -> None:
    sets.correct(lambda _, truth: truth, usage=lambda row: ("Private", "Public")[row % 2])
    sets.score_all()
    with pytest.raises(RescoreNotReadyError) as refused:
        sets.apply()
    assert "move 40 rows between the public and the private part" in refused.value.detail
    assert sets.abandon().state is VersionState.ABANDONED
    sets.correct(
        lambda _, truth: truth,
        usage=lambda row: ("Public", "Private", "Ignored", "Private")[row % 4],
    )
    sets.score_all()
    assert sets.apply().after.ordinal == 3


def test_other_rows_the_same_answers_and_no_reason_are_refused(sets: Rescoring) -> None:
    with pytest.raises(CorrectionRefusedError):
        sets.correct(lambda _, truth: truth)
    with pytest.raises(BadReasonError):
        sets.correct(bobs, reason=" \n ")
    with pytest.raises(CorrectionRefusedError):
        sets.round_to(4)
    with pytest.raises(CorrectionRefusedError) as refused:
        sets.round_to(99)
    assert refused.value.findings[0].text == "digits must be from 0 to 15, not 99."
    with pytest.raises(CorrectionRefusedError) as broken:
        sets.correct(lambda row, truth: float("nan") if row == 3 else truth)
    assert broken.value.findings[0].file == "solution.csv"
    assert sets.view().open_set is None


def test_one_set_at_a_time_and_none_without_one(sets: Rescoring) -> None:
    for end in (sets.apply, sets.abandon):
        with pytest.raises(NoRescoreError):
            end()
    with pytest.raises(NothingToUndoError):
        sets.undo()
    sets.correct(bobs)
    for deed in (lambda: sets.round_to(1), sets.undo):
        with pytest.raises(RescoreOpenError):
            deed()
    sets.abandon()
    assert [job.state for job in sets.arena.jobs() if job.score_version_id] == []
    sets.round_to(1)


def test_other_digits_share_ranks_and_stand_in_the_plan(sets: Rescoring) -> None:
    arena = sets.arena
    arena.submit(arena.team("cleo"), predictions(0.21))
    arena.score_all()
    sets.round_to(1)
    sets.score_all()
    sets.apply()
    assert [(rank, name) for rank, name, _ in sets.board()][:2] == [(1, "ada"), (1, "cleo")]
    assert arena.challenge.plan.metrics[0].digits == 1
    assert arena.challenge.metric_version == 2
    sets.undo()
    assert [(rank, name) for rank, name, _ in sets.board()][:2] == [(1, "ada"), (2, "cleo")]
    assert (arena.challenge.plan.metrics[0].digits, arena.challenge.metric_version) == (4, 1)


def test_under_a_ladder_the_preview_is_what_will_be_told(engine: Engine, tmp_path: Path) -> None:
    arena = make_arena(engine, tmp_path)
    arena.launch(changes='[board.release]\nkind = "ladder"\nstep = 0.1\n')
    sets = Rescoring(arena)
    for handle, miss in (("ada", 0.2), ("bob", 0.42)):
        arena.submit(arena.team(handle), predictions(miss))
    arena.score_all()
    sets.publish()
    assert [(name, score) for _, name, score in sets.board()][:2] == [
        ("ada", D("0.2")),
        ("bob", D("0.4")),
    ]
    sets.correct(bobs)
    sets.score_all()
    preview = sets.view().preview
    assert preview is not None
    told = [(row.name, row.score_before, row.score_after) for row in preview.public.rows[:1]]
    sets.apply()
    assert told == [("bob", D("0.4"), sets.board()[0][2])]


def test_after_the_reveal_the_final_board_and_open_awards_follow(sets: Rescoring) -> None:
    arena = sets.arena
    arena.end()
    assert board_steps.settle(arena.bench, arena.challenge_id)
    sets.correct(bobs)
    sets.score_all()
    preview = sets.view().preview
    assert preview is not None
    assert preview.private is not None
    assert preview.private.rows[0] == RowChange(
        team_id=preview.private.rows[0].team_id,
        name="bob",
        rank_before=2,
        rank_after=1,
        score_before=D("0.4000"),
        score_after=D("0.0000"),
    )
    sets.apply()
    assert sets.board(Board.PRIVATE) == NEW
    with db.reading(arena.engine) as session:
        awards = prizes.awards(session, challenge_id=arena.challenge_id)
    assert [(award.place, award.team_name) for award in awards] == [(1, "bob"), (2, "ada")]

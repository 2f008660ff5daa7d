import io
import logging
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from tests.factories.arena import Arena, predictions
from tests.factories.models import ABLE, Models, code, send, well
from tests.fakes.sandbox import ended, wrote

from palio.accounts.contracts import Team
from palio.challenges.contracts import ModelRules
from palio.core import db
from palio.core.storage import LocalBlobWriter, LocalStorage, StorageFullError
from palio.pipeline import programs, queries, steps
from palio.pipeline.contracts import JobState
from palio.sandbox.outcome import Fault, Outcome
from palio.sandbox.spec import RunReport, RunSpec, SandboxError
from palio.submissions import runs
from palio.submissions.contracts import SubmissionState

pytestmark = pytest.mark.slow_on("postgresql")


@pytest.fixture
def arena(model_arena: Arena) -> Arena:
    return model_arena


def test_code_is_run_on_the_sample_then_on_the_features_then_scored(
    arena: Arena, models: Models, team: Team
) -> None:
    receipt = send(arena, team)
    assert [message.task for message in arena.sent] == ["model"]
    assert models.run()
    assert not models.run()
    smoke, hidden = models.sandbox.runs
    assert (smoke.name.box, hidden.name.box) == ("smoke", "model")
    assert (smoke.mounts[0].source / "test.csv").read_bytes().count(b"\n") == 3
    assert (hidden.mounts[0].source / "test.csv").read_bytes().count(b"\n") == 2
    assert hidden.argv == ("python", "main.py")
    assert arena.submission(receipt.submission_id).state is SubmissionState.RECEIVED
    assert arena.score_all() == 1
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.SCORED
    assert [str(score.rounded) for score in submission.public_scores] == ["0.5000"]
    assert arena.quota(team).used_total == 1
    assert list((arena.folder / "boxes" / "attempts").iterdir()) == []


def test_a_hidden_run_tells_its_team_an_end_seconds_and_memory_only(
    arena: Arena, models: Models, team: Team
) -> None:
    receipt = send(arena, team)
    models.run()
    seen = models.runs(receipt.submission_id)
    assert seen.smoke is not None
    assert (seen.smoke.log, seen.smoke.exit_code, seen.smoke.wall_seconds) == ("done\n", 0, 1.234)
    assert seen.hidden is not None
    assert seen.hidden.outcome is Outcome.FINISHED
    assert (seen.hidden.wall_seconds, seen.hidden.peak_memory_bytes) == (2, 2 * 16 * 2**20)
    (told,) = models.told(receipt.submission_id)
    assert (told.box, told.log, told.exit_code, told.wall_seconds) == ("model", "done\n", 0, 1.234)


def test_a_smoke_run_that_fails_costs_nothing_and_shows_its_log(
    arena: Arena, models: Models, team: Team
) -> None:
    models.behave(
        smoke=lambda *_: ended(Outcome.PROGRAM_ERROR, exit_code=3, log=b"Traceback\x1b[2J")
    )
    receipt = send(arena, team)
    assert models.run()
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.REFUSED
    assert submission.reason == (
        "On the public sample your program ended with an error (exit code 3)."
    )
    assert [finding.code for finding in submission.findings] == ["run:program_error"]
    seen = models.runs(receipt.submission_id)
    assert seen.hidden is None
    assert seen.smoke is not None
    assert seen.smoke.log == "Traceback\\x1b[2J"
    assert arena.quota(team).used_total == 0
    assert models.told(receipt.submission_id) == ()


def test_unsound_predictions_on_the_sample_are_refused_with_every_word(
    arena: Arena, models: Models, team: Team
) -> None:
    models.behave(smoke=lambda _, into: wrote(into, b"id,rating\n900001,high\n"))
    receipt = send(arena, team)
    models.run()
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.REFUSED
    assert {finding.code for finding in submission.findings} == {"value:not_number", "id:missing"}
    smoke = models.runs(receipt.submission_id).smoke
    assert smoke is not None
    assert smoke.outcome is Outcome.INVALID_PREDICTIONS


@pytest.mark.parametrize(
    ("outcome", "what"),
    [
        (Outcome.TIMED_OUT, "was stopped at its limit of 600 s (timed_out)"),
        (Outcome.OUT_OF_MEMORY, "needed more than its 64 MiB of memory (out_of_memory)"),
    ],
)
def test_a_hidden_run_that_fails_counts_and_is_not_repeated(
    arena: Arena, models: Models, team: Team, outcome: Outcome, what: str
) -> None:
    models.behave(model=lambda *_: ended(outcome, log=b"the film is 7", reason="secret"))
    receipt = send(arena, team)
    assert models.run()
    assert not models.run()
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.FAILED
    assert submission.reason == (
        f"On the hidden data your program {what}."
        " More is not told of a run on hidden data. It counts as a try."
    )
    assert submission.findings == ()
    assert arena.quota(team).used_total == 1
    (told,) = models.told(receipt.submission_id)
    assert (told.outcome, told.log, told.reason) == (outcome, "the film is 7", "secret")


def test_unsound_predictions_of_a_hidden_run_count_and_stay_untold(
    arena: Arena, models: Models, team: Team
) -> None:
    models.behave(model=lambda _, into: wrote(into, b"id,rating\n1,the film is 7\n"))
    receipt = send(arena, team)
    models.run()
    assert arena.score_all() == 1
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.FAILED
    assert "film" not in submission.reason
    assert submission.findings == ()
    assert arena.quota(team).used_total == 1
    seen = models.runs(receipt.submission_id).hidden
    assert seen is not None
    assert (seen.outcome, seen.fault) == (Outcome.INVALID_PREDICTIONS, Fault.PARTICIPANT)
    assert [told.box for told in models.told(receipt.submission_id)] == ["model", "predictions"]
    assert "the film is 7" in models.told(receipt.submission_id)[1].words


def test_a_box_that_fails_is_tried_again_without_the_smoke_run_that_passed(
    arena: Arena, models: Models, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_spec: RunSpec, _into: Path) -> RunReport:
        raise SandboxError("no cgroup")

    models.behave(model=broken)
    receipt = send(arena, team)
    with caplog.at_level(logging.CRITICAL, logger="palio"):
        assert models.run()
    assert arena.submission(receipt.submission_id).state is SubmissionState.RECEIVED
    hidden = models.runs(receipt.submission_id).hidden
    assert hidden is not None
    assert (hidden.outcome, hidden.fault) == (None, Fault.PLATFORM)
    models.behave()
    assert models.run()
    assert [spec.name.box for spec in models.sandbox.runs] == ["smoke", "model", "model"]
    assert len({str(spec.name) for spec in models.sandbox.runs}) == 3
    assert arena.score_all() == 1
    assert arena.submission(receipt.submission_id).state is SubmissionState.SCORED


def test_a_box_that_always_fails_gives_the_try_back_and_an_alarm(
    arena: Arena, models: Models, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_spec: RunSpec, _into: Path) -> RunReport:
        raise SandboxError("no cgroup")

    models.behave(smoke=broken)
    receipt = send(arena, team)
    with caplog.at_level(logging.CRITICAL, logger="palio"):
        assert [models.run() for _ in range(4)] == [True, True, True, False]
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.ERRORED
    assert submission.reason == (
        "We tried 3 times and could not run this program. The fault is ours: "
        "it costs you no try, and the organizer has been told."
    )
    assert arena.quota(team).used_total == 0
    with db.reading(arena.engine) as session:
        assert len(queries.open_alarms(session)) == 1


def test_a_full_disk_is_our_fault_and_over_once_there_is_room(
    arena: Arena, models: Models, team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(LocalStorage):
        def writer(self, **_: object) -> LocalBlobWriter:
            raise StorageFullError("full")

    models.bench = replace(models.bench, blobs=Full(arena.folder / "blobs"))
    receipt = send(arena, team)
    with caplog.at_level(logging.CRITICAL, logger="palio"):
        assert models.run()
    assert arena.submission(receipt.submission_id).state is SubmissionState.RECEIVED
    assert arena.job(receipt.submission_id).state == JobState.QUEUED
    models.bench = replace(models.bench, blobs=arena.bench.blobs)
    assert models.run()
    assert arena.score_all() == 1
    assert arena.submission(receipt.submission_id).state is SubmissionState.SCORED
    assert [spec.name.box for spec in models.sandbox.runs] == ["smoke", "model", "model"]
    assert arena.quota(team).used_total == 1


def test_what_gvisor_gave_up_on_gets_one_more_attempt(
    arena: Arena, models: Models, team: Team
) -> None:
    models.behave(model=lambda *_: ended(Outcome.RESOURCE_LIMIT, exit_code=2))
    receipt = send(arena, team)
    assert models.run()
    assert arena.submission(receipt.submission_id).state is SubmissionState.RECEIVED
    assert models.run()
    assert not models.run()
    assert arena.submission(receipt.submission_id).state is SubmissionState.FAILED
    assert arena.quota(team).used_total == 1


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        (b"no zip at all", "bundle:unreadable"),
        (code("command = 7"), "model:command"),
    ],
)
def test_what_is_no_program_is_refused_before_anything_runs(
    arena: Arena, models: Models, team: Team, content: bytes, finding: str
) -> None:
    receipt = send(arena, team, content)
    models.run()
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.REFUSED
    assert [each.code for each in submission.findings] == [finding]
    assert models.sandbox.runs == []
    assert arena.quota(team).used_total == 0


def test_whoever_lost_the_job_writes_nothing_more(arena: Arena, models: Models, team: Team) -> None:
    def lose(spec: RunSpec, into: Path) -> RunReport:
        arena.change_jobs("fence = fence + 1 WHERE queue = 'model'")
        return well(spec, into)

    models.behave(smoke=lose)
    receipt = send(arena, team)
    models.run()
    smoke = models.runs(receipt.submission_id).smoke
    assert smoke is not None
    assert smoke.ended_at is None
    assert [spec.name.box for spec in models.sandbox.runs] == ["smoke"]
    assert arena.submission(receipt.submission_id).state is SubmissionState.RUNNING


def test_late_predictions_do_not_replace_the_first(
    arena: Arena, models: Models, team: Team
) -> None:
    receipt = send(arena, team)
    models.run()
    with arena.bench.work() as session:
        assert not runs.record_predictions(
            session, submission_id=receipt.submission_id, sha256="0" * 64
        )
    arena.score_all()
    assert arena.submission(receipt.submission_id).state is SubmissionState.SCORED


def test_a_machine_takes_only_what_it_can_run(arena: Arena, models: Models, team: Team) -> None:
    send(arena, team)
    models.boxes = replace(models.boxes, code=None)
    assert not models.run()
    models.boxes = replace(
        models.boxes, code=models.sandbox, abilities=replace(ABLE, memory_bytes=1)
    )
    assert not models.run()
    models.boxes = replace(models.boxes, abilities=ABLE)
    assert models.run()


def test_predictions_do_not_wait_behind_programs(arena: Arena, models: Models, team: Team) -> None:
    send(arena, team)
    receipt = arena.submit(team, predictions(0.25))
    assert steps.score_next(arena.bench, on_lost=lambda: None)
    assert arena.submission(receipt.submission_id).state is SubmissionState.SCORED
    assert models.sandbox.runs == []


def test_programs_are_taken_as_they_came_whatever_the_messages_say(
    arena: Arena, models: Models, team: Team
) -> None:
    ids = [send(arena, team).submission_id for _ in range(3)]
    arena.sent.reverse()
    again = Models(arena)  # a worker started anew
    for submission_id in ids:
        assert again.run()
        assert models.runs(submission_id).hidden is not None
    assert not again.run()


def test_code_may_unpack_to_what_the_challenge_takes_and_no_more(
    arena: Arena, models: Models, team: Team
) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("palio-model.toml", 'command = ["python", "main.py"]')
        archive.writestr("main.py", "print()")
        archive.writestr("weights.bin", bytes(100 * 2**20))
    assert len(held.getvalue()) < 2**20
    receipt = send(arena, team, held.getvalue())
    models.run()
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.REFUSED
    assert [finding.code for finding in submission.findings] == ["bundle:too-big"]
    assert arena.quota(team).used_total == 0


@pytest.mark.parametrize(("gib", "unpacked"), [(1, 4), (2.5, 10), (10, 10), (20, 20)])
def test_an_image_may_unpack_to_four_times_its_file_within_reason(
    gib: float, unpacked: float
) -> None:
    plain = ModelRules(
        seconds=1,
        memory_bytes=1,
        cpus=1,
        processes=1,
        output_bytes=1,
        scratch_bytes=1,
        image_max_bytes=int(gib * 2**30),
        code_max_bytes=1,
        has_sample_answers=False,
    )
    assert programs.unpacked_most(plain) == unpacked * 2**30

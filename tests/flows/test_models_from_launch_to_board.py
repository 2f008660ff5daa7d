"""Predictions, code and an image, scored by the host's own metric, in real boxes."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.factories.arena import ROWS, TRUTH, predictions
from tests.factories.boxed import FILMS, IMAGE_ENV, Boxed, code, image

from palio.challenges.contracts import Delivery
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RuntimeRoot
from palio.submissions.contracts import SubmissionState

pytestmark = pytest.mark.integration


def public_cost(told: Sequence[float]) -> str:
    """The metric by hand: the mean miss over the rows that the arena makes public."""
    misses = [abs(truth - each) for truth, each in zip(TRUTH, told, strict=True)][::2]
    return f"{sum(misses) / len(misses):.4f}"


@pytest.mark.slow_on("docker")
def test_three_deliveries_go_from_upload_to_one_board(
    site: Boxed, runtime: RuntimeRoot, tmp_path: Path
) -> None:
    site.launch()
    ada, bob, cyd, dan = (site.arena.team(name) for name in ("ada", "bob", "cyd", "dan"))
    (tmp_path / "image").mkdir()
    by_file = site.send(ada, predictions(0.25), Delivery.PREDICTIONS)
    by_code = site.send(bob, code(), Delivery.CODE)
    by_image = site.send(cyd, image(runtime, tmp_path / "image"), Delivery.IMAGE)
    broken = site.send(dan, code("raise SystemExit(3)"), Delivery.CODE)
    site.work_off()

    for submission_id in (by_file, by_code, by_image):
        ended = site.arena.submission(submission_id)
        assert (ended.state, ended.reason) == (SubmissionState.SCORED, "")
    assert site.board() == [
        (1, "ada", "0.2500"),
        (None, "constant", "1.0000"),
        (2, "bob", public_cost(FILMS)),
        (3, "cyd", public_cost([3.0] * ROWS)),
    ]
    assert site.arena.submission(broken).state is SubmissionState.REFUSED
    assert [site.arena.quota(team).used_total for team in (ada, bob, cyd, dan)] == [1, 1, 1, 0]

    smoke, hidden = site.runs(by_code).smoke, site.runs(by_code).hidden
    assert smoke is not None
    assert hidden is not None
    assert (smoke.log, smoke.outcome) == ("rows 2 uid 65534\n", Outcome.FINISHED)
    assert hidden.outcome is Outcome.FINISHED
    assert [run.log for run in site.told(by_code)] == ["rows 40 uid 65534\n"]

    in_image = site.runs(by_image).smoke
    assert in_image is not None
    assert in_image.log == f"home /tmp, proxy , own yes, path {IMAGE_ENV['PATH']}\n"

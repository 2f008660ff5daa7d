"""`palio challenge rescore`, against the fake server; the real one is in test_against_a_server."""

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Palio
from tests.cli.fakes import Fake

VERSION = {
    "ordinal": 1,
    "what": "as launched",
    "metrics": [{"name": "rmse", "digits": 4, "parameters": {}}],
}
SHADOW = VERSION | {"ordinal": 2, "what": "corrected answer key"}
PROGRESS = {
    "total": 3, "missing": 0, "scored": 2, "without_score": 1, "faults": 0, "first_fault": "",
    "given_up": 0,
}  # fmt: skip
ROW = {
    "name": "bob", "rank_before": 2, "rank_after": 1, "score_before": None, "score_after": "0.1",
}  # fmt: skip
BOARD = {
    "board": "public", "rows": [ROW], "unchanged": 2, "entering": ["bob"], "leaving": ["ada"],
}  # fmt: skip
FOUND: dict[str, Any] = {
    "active": VERSION, "open": SHADOW, "progress": PROGRESS, "public": BOARD, "private": None,
    "private_changed": 3, "switches": [], "seen": "1-2",
}  # fmt: skip
NONE = FOUND | {"open": None, "progress": None, "public": None, "private_changed": None}
PATH = "/api/v1/challenges/mini/rescore"
REASON = ("--reason", "Mixed up.")


def test_show_says_what_would_change(signed_in: Palio, fake: Fake) -> None:
    fake.answers[f"GET {PATH}"] = [FOUND]
    assert signed_in("challenge", "rescore", "show", "mini").stdout.splitlines() == [
        "Version 1 counts: as launched.",
        "Version 2 in shadow: corrected answer key.",
        "3 of 3 submissions are scored again.",
        "1 have no finite score under it.",
        "Public board: 1 rows change, 2 stay.",
        "Comes to a prize place: bob.",
        "Comes off a prize place: ada.",
        "rank now\tthen\tscore now\tthen\tteam",
        "2\t1\t-\t0.1\tbob",
        "To apply, undo or abandon exactly this: --seen 1-2",
    ]


@pytest.mark.parametrize("given", [(), ("--set", "rmse.digits=5", "--metric", ".")])
def test_start_takes_one_correction_at_a_time(
    signed_in: Palio, fake: Fake, given: tuple[str, ...]
) -> None:
    result = signed_in("challenge", "rescore", "start", "mini", *REASON, *given)
    assert (result.exit_code, fake.requests) == (1, [])
    assert "one thing at a time" in result.stderr


def test_set_changes_one_key_and_sends_the_rest_as_it_is(signed_in: Palio, fake: Fake) -> None:
    fake.answers[f"GET {PATH}"] = [NONE]
    fake.answers[f"POST {PATH}/metrics"] = [FOUND]
    start = ("challenge", "rescore", "start", "mini", *REASON, "--set")
    assert signed_in(*start, "rmse.digits=5").exit_code == 0
    assert json.loads(fake.requests[-1].body) == {
        "reason": "Mixed up.",
        "metrics": [{"name": "rmse", "digits": 5, "parameters": {}}],
    }
    assert "Metrics of this challenge: rmse." in signed_in(*start, "mae.digits=5").stderr


def test_a_metric_is_zipped_as_the_challenge_folder_has_it(
    signed_in: Palio, fake: Fake, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "run.py").write_text("x = 1\n")
    (tmp_path / "score.py").write_text("y = 1\n")
    for given, names in (("mine", ["metric/run.py"]), ("score.py", ["metric.py"])):
        fake.answers[f"POST {PATH}/metric"] = [FOUND]
        args = ("challenge", "rescore", "start", "mini", *REASON, "--metric", tmp_path / given)
        assert signed_in(*args).exit_code == 0
        with zipfile.ZipFile(BytesIO(fake.requests[-1].body)) as archive:
            assert archive.namelist() == names


def test_deeds_go_where_they_belong(signed_in: Palio, fake: Fake) -> None:
    fake.answers[f"POST {PATH}/application"] = [NONE]
    fake.answers[f"POST {PATH}/undo"] = [NONE]
    fake.answers[f"POST {PATH}/retry"] = [NONE]
    fake.answers[f"DELETE {PATH}"] = [NONE]
    for deed in (("apply",), ("undo", *REASON), ("retry",), ("abandon",)):
        result = signed_in("challenge", "rescore", deed[0], "mini", *deed[1:])
        assert result.stdout.splitlines() == ["Version 1 counts: as launched."]


def test_deeds_about_what_was_seen_say_so(signed_in: Palio, fake: Fake) -> None:
    about = "?seen=1-2"
    fake.answers[f"POST {PATH}/application"] = [NONE]
    fake.answers[f"POST {PATH}/undo"] = [NONE]
    fake.answers[f"DELETE {PATH}"] = [NONE]
    for deed in (("apply",), ("undo", *REASON), ("abandon",)):
        result = signed_in("challenge", "rescore", deed[0], "mini", *deed[1:], "--seen", "1-2")
        assert result.exit_code == 0, result.stderr
    assert [request.path for request in fake.requests] == [
        f"{PATH}/application{about}",
        f"{PATH}/undo{about}",
        f"{PATH}{about}",
    ]

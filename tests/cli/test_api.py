"""The client against a server that breaks off, refuses or lies: nothing twice, nothing damaged."""

import hashlib
from pathlib import Path

import pytest
from tests.cli.fakes import SUBMISSION, Fake, problem

from palio.cli.client import answers
from palio.cli.client.api import Api
from palio.cli.client.errors import ApiError
from palio.cli.client.transfer import LocalFileError

ME = {
    "person": {"id": "p1", "handle": "ada", "display_name": "Ada", "is_admin": False},
    "scope": "submit",
}


def failure(run: object) -> ApiError:
    with pytest.raises(ApiError) as caught:
        run()  # type: ignore[operator]
    return caught.value


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "blend.csv"
    path.write_bytes(b"id,rating\n1,3.5\n" * 100_000)
    return path


def item(path: str, content: bytes) -> answers.DataItem:
    digest = hashlib.sha256(content).hexdigest()
    return answers.DataItem(path=path, bytes=len(content), sha256=digest)


def test_submit_sends_the_file_once_with_digest_and_token(
    api: Api, fake: Fake, predictions: Path
) -> None:
    seen: list[tuple[int, int]] = []
    receipt = api.submit(
        "mini", predictions, note="ä & b", progress=lambda done, total: seen.append((done, total))
    )
    size = predictions.stat().st_size
    assert receipt["submission_id"] == "s1"
    assert [request.path for request in fake.requests] == [
        "/api/v1/challenges/mini/submissions?file_name=blend.csv&note=%C3%A4+%26+b"
    ]
    assert fake.requests[0].headers["authorization"] == "Bearer palio_1_secret"
    assert fake.requests[0].headers["content-length"] == str(size)
    assert (seen[0], seen[-1]) == ((0, size), (size, size))
    assert seen == sorted(seen)


@pytest.mark.parametrize("fault", ["cut", 502, 503, 504])
def test_submit_when_the_answer_is_lost_repeats_with_the_same_key(
    api: Api, fake: Fake, pauses: list[float], predictions: Path, fault: int | str
) -> None:
    fake.faults = [fault, fault]
    receipt = api.submit("mini", predictions)
    keys = [request.headers["idempotency-key"] for request in fake.requests]
    assert (len(keys), len(set(keys)), len(pauses)) == (3, 1, 2)
    assert fake.by_key == {keys[0]: predictions.read_bytes()}
    assert receipt["submission_id"] == "s1"


def test_submit_when_called_again_is_another_submission(
    api: Api, fake: Fake, predictions: Path
) -> None:
    first, second = api.submit("mini", predictions), api.submit("mini", predictions)
    assert (first["submission_id"], second["submission_id"]) == ("s1", "s2")
    assert len(fake.by_key) == 2


def test_submit_when_the_server_never_answers_gives_up_after_four_more_attempts(
    api: Api, fake: Fake, pauses: list[float], predictions: Path
) -> None:
    fake.faults = ["cut"] * 99
    error = failure(lambda: api.submit("mini", predictions))
    assert (error.code, error.exit_code, len(fake.requests), len(pauses)) == ("connection", 5, 5, 4)


def test_submit_when_the_server_names_a_pause_waits_that_long(
    api: Api, fake: Fake, pauses: list[float], predictions: Path
) -> None:
    fake.faults = [503]
    api.submit("mini", predictions)
    assert pauses == [7.0]


@pytest.mark.parametrize("status", [400, 409, 413, 422, 429, 500])
def test_submit_when_refused_is_not_repeated(
    api: Api, fake: Fake, predictions: Path, status: int
) -> None:
    fake.faults = [status]
    error = failure(lambda: api.submit("mini", predictions))
    assert (error.status, error.code, len(fake.requests)) == (status, "busy", 1)


def test_submit_when_the_file_is_missing_says_so(api: Api, tmp_path: Path) -> None:
    with pytest.raises(LocalFileError, match=r"Cannot read .*nothing\.csv: No such file"):
        api.submit("mini", tmp_path / "nothing.csv")


def test_make_token_when_the_connection_breaks_is_not_repeated(api: Api, fake: Fake) -> None:
    fake.faults = ["cut"]
    error = failure(lambda: api.make_token(name="x", handle="ada", password="p"))  # noqa: S106 (made up)
    assert (error.code, len(fake.requests)) == ("connection", 1)


def test_download_when_cut_twice_goes_on_where_it_stopped(
    api: Api, fake: Fake, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 4096
    fake.files["train.csv"] = content
    fake.cut_after = [300_000, 300_000]
    target = tmp_path / "out" / "train.csv"
    assert api.download("mini", item("train.csv", content), target) is True
    ranges = [request.headers.get("range") for request in fake.requests]
    assert target.read_bytes() == content
    assert ranges == [None, "bytes=300000-", "bytes=600000-"]
    assert [path.name for path in target.parent.iterdir()] == ["train.csv"]


def test_download_when_the_file_is_there_asks_nothing(api: Api, fake: Fake, tmp_path: Path) -> None:
    target = tmp_path / "train.csv"
    target.write_bytes(b"abc")
    assert api.download("mini", item("train.csv", b"abc"), target) is False
    assert fake.requests == []


def test_download_when_damaged_keeps_nothing(api: Api, fake: Fake, tmp_path: Path) -> None:
    fake.files["train.csv"] = b"abd"
    error = failure(lambda: api.download("mini", item("train.csv", b"abc"), tmp_path / "train.csv"))
    assert (error.code, list(tmp_path.iterdir())) == ("download_damaged", [])


def test_download_when_no_byte_ever_comes_gives_up(
    api: Api, fake: Fake, pauses: list[float], tmp_path: Path
) -> None:
    fake.files["train.csv"] = b"abc"
    fake.cut_after = [0] * 99
    error = failure(lambda: api.download("mini", item("train.csv", b"abc"), tmp_path / "t"))
    assert (error.code, len(fake.requests), len(pauses)) == ("connection", 5, 4)


def test_download_of_an_empty_file_makes_it(api: Api, fake: Fake, tmp_path: Path) -> None:
    fake.files["empty.csv"] = b""
    assert api.download("mini", item("empty.csv", b""), tmp_path / "empty.csv") is True
    assert (tmp_path / "empty.csv").read_bytes() == b""


def test_wait_looks_until_the_submission_has_ended(
    api: Api, fake: Fake, pauses: list[float]
) -> None:
    waiting = SUBMISSION | {"state": "received", "status": "Waiting at place 2 of the queue."}
    running = SUBMISSION | {"state": "running", "status": "Being scored for 1 s."}
    fake.answers["GET /api/v1/submissions/s1"] = [waiting, running, SUBMISSION]
    told: list[str] = []
    ended = api.wait("s1", timeout_seconds=60, on_look=lambda look: told.append(look["status"]))
    assert ended["public_scores"] == [{"metric": "rmse", "score": "0.8972"}]
    assert told == ["Waiting at place 2 of the queue.", "Being scored for 1 s.", "Scored."]
    assert pauses == [0.05, 0.05 * 1.3]


def test_wait_when_the_server_is_away_for_a_moment_goes_on(api: Api, fake: Fake) -> None:
    fake.faults = ["cut", 502]
    fake.answers["GET /api/v1/submissions/s1"] = [SUBMISSION]
    assert api.wait("s1", timeout_seconds=60)["state"] == "scored"


def test_wait_when_it_takes_too_long_is_a_time_out(api: Api, fake: Fake) -> None:
    fake.answers["GET /api/v1/submissions/s1"] = [SUBMISSION | {"state": "running"}]
    error = failure(lambda: api.wait("s1", timeout_seconds=0))
    assert (error.code, error.exit_code) == ("timed_out", 6)


def test_lists_are_fetched_page_by_page(api: Api, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/submissions"] = [
        {"items": [SUBMISSION], "next_cursor": "abc="},
        {"items": [SUBMISSION | {"id": "s2"}], "next_cursor": None},
    ]
    assert [each["id"] for each in api.submissions("mini")] == ["s1", "s2"]
    assert fake.requests[1].path.endswith("/submissions?cursor=abc%3D")


def test_errors_carry_the_servers_code_words_and_findings(api: Api, fake: Fake) -> None:
    finding = {"code": "id:missing", "text": "Row id 17 is missing.", "line": None}
    fake.answers["GET /api/v1/me"] = [problem(409, "closed", "Over.") | {"findings": [finding]}]
    error = failure(api.me)
    assert (error.code, error.detail, error.status, error.findings, error.exit_code) == (
        "closed",
        "Over.",
        409,
        (finding,),
        1,
    )


@pytest.mark.parametrize(
    ("status", "exit_code"), [(401, 3), (403, 3), (404, 4), (409, 1), (500, 5), (503, 5)]
)
def test_exit_codes_follow_the_status(api: Api, fake: Fake, status: int, exit_code: int) -> None:
    fake.answers["GET /api/v1/me"] = [problem(status, "x", "X.")]
    assert failure(api.me).exit_code == exit_code


def test_answer_of_another_shape_is_refused_with_its_place(api: Api, fake: Fake) -> None:
    fake.answers["GET /api/v1/me"] = [ME | {"person": {"id": "p1", "handle": 7}}]
    error = failure(api.me)
    assert error.code == "not_palio"
    assert error.detail.endswith("lacks or misspells “answer.person.display_name”.")


def test_answer_with_fields_of_a_newer_server_is_taken(api: Api, fake: Fake) -> None:
    fake.answers["GET /api/v1/me"] = [ME | {"mood": "good"}]
    assert api.me() == ME | {"mood": "good"}


@pytest.mark.parametrize(
    ("address", "code"),
    [("http://127.0.0.1:1", "connection"), ("ftp://x", "bad_address"), ("nonsense", "bad_address")],
)
def test_address_without_a_server_is_said_in_words(address: str, code: str) -> None:
    with Api(address) as nowhere:
        assert failure(nowhere.me).code == code


def test_names_in_paths_cannot_leave_their_place(api: Api, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/..%2F..%2Fme"] = [problem(404, "not_found", "No.")]
    assert failure(lambda: api.challenge("../../me")).status == 404
    assert fake.requests[0].path == "/api/v1/challenges/..%2F..%2Fme"

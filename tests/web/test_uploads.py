"""Handing in, with all that can go wrong: nothing stored by halves, nothing counted twice."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.concurrency import run_in_threadpool
from tests.web.site import Site, digest_header
from tests.web.toy_pack import predictions

from palio.accounts import service as accounts
from palio.challenges.errors import ClosedError
from palio.core.storage import Reserve
from palio.web.api import intake
from palio.web.uploads import Declared


def stored_files(site: Site) -> list[Path]:
    """Blobs and temporary files in the store."""
    return sorted(p for p in site.settings.blobs_folder.rglob("*") if p.is_file())


def test_a_receipt_names_what_arrived(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    body = predictions()
    receipt = ada.submit(body).json()
    file = ada.get(f"/api/v1/submissions/{receipt['submission_id']}/file")
    assert file.content == body
    assert (receipt["bytes"], receipt["file_name"], receipt["is_new"]) == (len(body), "p.csv", True)
    assert file.headers["etag"] == f'"{receipt["sha256"]}"'
    assert file.headers["content-disposition"].startswith("attachment;")


def test_the_same_key_twice_is_one_submission_with_one_receipt(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    first, second = ada.submit(key="k1"), ada.submit(key="k1")
    assert (first.status_code, second.status_code) == (201, 200)
    assert {**first.json(), "is_new": False} == second.json()
    assert open_site.count("submission") == 2  # with the baseline
    assert ada.get("/api/v1/challenges/toy/quota").json()["used_today"] == 1


def test_a_repetition_after_the_close_still_gets_its_receipt(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    first = ada.submit(key="k1")
    open_site.end()
    assert ada.submit(key="k1").json()["submission_id"] == first.json()["submission_id"]


def test_the_same_key_for_another_file_is_refused(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    ada.submit(predictions(0.5), key="k1")
    answer = ada.submit(predictions(0.4), key="k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


def test_a_file_without_a_key_is_refused_before_it_is_read(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    before = stored_files(open_site)
    answer = ada.post("/api/v1/challenges/toy/submissions", content=predictions())
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert stored_files(open_site) == before


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Digest": digest_header(b"something else")}, "digest_mismatch"),
        ({"Content-Digest": "sha-256=nonsense"}, "bad_digest_header"),
        ({"Idempotency-Key": "x" * 201}, "bad_idempotency_key"),
    ],
)
def test_wrong_headers_leave_nothing_behind(
    open_site: Site, headers: dict[str, str], code: str
) -> None:
    ada = open_site.person("ada", accepts="toy")
    before = stored_files(open_site)
    answer = ada.submit(headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert stored_files(open_site) == before
    assert open_site.count("submission") == 1


def test_an_empty_file_and_one_beyond_the_cap_are_refused(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    before = stored_files(open_site)
    empty, large = ada.submit(b""), ada.submit(b"x" * (4 * 2**20 + 1))
    assert (empty.status_code, empty.json()["code"]) == (400, "empty_file")
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")
    assert stored_files(open_site) == before


def test_a_body_without_a_length_is_capped_while_it_comes(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    before = stored_files(open_site)
    answer = ada.post(
        "/api/v1/challenges/toy/submissions",
        content=(b"x" * 2**20 for _ in range(6)),
        headers={"Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert stored_files(open_site) == before


def test_a_file_that_came_after_the_close_leaves_nothing_behind(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    before = stored_files(open_site)
    with open_site.work() as session:
        caller = accounts.caller_of_token(session, secret=ada.token, now=open_site.now())
    assert caller is not None

    async def slowly() -> AsyncIterator[bytes]:
        yield predictions()
        await run_in_threadpool(open_site.end)

    deed = intake.Deed(slug="toy", file_name="p.csv", note="", key="late")
    with pytest.raises(ClosedError):
        asyncio.run(intake.take_in(open_site.state, caller, deed, slowly(), declared=Declared()))
    assert stored_files(open_site) == before


def test_without_accepted_rules_nothing_is_taken(open_site: Site) -> None:
    ada = open_site.person("ada")
    answers = [
        ada.submit(),
        ada.post("/api/v1/challenges/toy/checks", content=predictions()),
        ada.get("/api/v1/challenges/toy/data/train.csv"),
        ada.post("/api/v1/challenges/toy/team", json={"name": "Ours"}),
    ]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(403, "rules_not_accepted")] * 4


def test_a_used_up_quota_says_when_the_next_try_is(site: Site) -> None:
    site.publish(per_day=2)
    ada = site.person("ada", accepts="toy")
    assert [ada.submit().status_code for _ in range(3)] == [201, 201, 429]
    refused = ada.submit(predictions(0.7))
    assert refused.json()["code"] == "quota_used_up"
    assert "The next try is possible from" in refused.json()["detail"]
    quota = ada.get("/api/v1/challenges/toy/quota").json()
    assert (quota["remaining"], quota["used_today"], quota["per_day"]) == (0, 2, 2)
    assert quota["next_try_at"].endswith("T00:00:00Z")


def test_a_challenge_not_open_yet_and_a_closed_one_say_so(site: Site) -> None:
    site.publish("soon", opens_in=timedelta(hours=2))
    site.publish("over")
    ada = site.person("ada", accepts="soon")
    ada.accept_rules("over")
    site.end("over")
    before = stored_files(site)
    answers = [ada.submit(predictions(0.7), slug=slug) for slug in ("soon", "over")]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (409, "not_open_yet"),
        (409, "closed"),
    ]
    assert stored_files(site) == before


def test_a_refused_file_costs_no_try_and_says_why(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    receipt = ada.submit(b"id,rating\n1,x\n").json()
    open_site.score_all()
    view = ada.get(f"/api/v1/submissions/{receipt['submission_id']}").json()
    assert (view["state"], view["queue"]) == ("refused", None)
    assert view["findings"][0]["line"] == 2
    quota = ada.get("/api/v1/challenges/toy/quota").json()
    assert [line["cause"] for line in quota["lines"]] == ["submitted", "refused_file"]
    assert quota["remaining"] == 5


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_check_gives_the_verdict_of_scoring_and_costs_nothing(
    open_site: Site, pack: type
) -> None:
    ada = open_site.person("ada", accepts="toy")
    path = "/api/v1/challenges/toy/checks?file_name=p.csv"
    good = ada.post(path, content=pack(predictions())).json()
    assert good == {"verdict": "accepted", "rows": 40, "findings": []}
    bad = pack(b"id,rating\n1,x\n")
    checked = ada.post(path, content=bad).json()
    receipt = ada.submit(bad).json()
    open_site.score_all()
    scored = ada.get(f"/api/v1/submissions/{receipt['submission_id']}").json()
    assert checked == {"verdict": "refused", "rows": None, "findings": scored["findings"]}
    assert open_site.count("quota_line") == 2  # of the submission alone


def test_a_full_disk_is_said_in_words(open_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = open_site.person("ada", accepts="toy")
    monkeypatch.setattr(open_site.state.storage, "_reserve", Reserve(share=1.0))
    answer = ada.submit()
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert open_site.count("submission") == 1


def test_a_known_key_stores_no_other_file(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    first = ada.submit(predictions(0.1), key="k").json()
    before = stored_files(open_site)
    for number in range(3):
        other = predictions(number + 0.5)
        sent = {"Idempotency-Key": "k"}
        undeclared = ada.post("/api/v1/challenges/toy/submissions", content=other, headers=sent)
        for answer in (ada.submit(other, key="k"), undeclared):
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert stored_files(open_site) == before
    again = ada.submit(predictions(0.1), key="k")
    assert (again.status_code, again.json()["submission_id"]) == (200, first["submission_id"])

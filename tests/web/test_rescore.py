"""Rescore sets over the web: by API and by pages, with files checked like the first ones."""

import io
import zipfile
from urllib.parse import quote

import pytest
from tests.web.site import Site, Visitor
from tests.web.test_pages import HOME, Browser
from tests.web.toy_pack import TRUTH, predictions

from palio.pipeline import rescore_steps

REASON = "Answers <were> mixed up."
RESCORE = "/api/v1/challenges/toy/rescore"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> str:
    """Both databases."""
    name: str = request.param
    return name


def solution(by: float = 0.5, *, usage: tuple[str, ...] = ("Public", "Private")) -> bytes:
    """Answers under which a file that missed by so much is perfect."""
    rows = zip(range(1, len(TRUTH) + 1), predictions(by).decode().split("\n")[1:], strict=False)
    lines = [f"{line},{usage[(row - 1) % len(usage)]}" for row, line in rows]
    return ("\n".join(["id,rating,Usage", *lines]) + "\n").encode()


def upload(visitor: Visitor, body: bytes, *, part: str = "answers") -> dict[str, object]:
    answer = visitor.post(f"{RESCORE}/{part}?reason={quote(REASON)}", content=body)
    found: dict[str, object] = answer.json()
    assert answer.status_code == 201, found
    return found


def score_all(site: Site) -> None:
    site.score_all()
    rescore_steps.top_up(site.bench)


@pytest.fixture
def hostess(open_site: Site) -> Visitor:
    """The organizer of a challenge in which ada leads bob."""
    for handle, miss in (("ada", 0.1), ("bob", 0.5)):
        open_site.person(handle, accepts="toy").submit(predictions(miss))
    open_site.score_all()
    return open_site.people["hostess"]


def test_the_whole_way_by_the_api(open_site: Site, hostess: Visitor) -> None:
    begun = upload(hostess, solution())
    assert (begun["open"]["ordinal"], begun["progress"]["missing"]) == (2, 3)  # type: ignore[index]
    assert begun["public"] is None
    score_all(open_site)
    board = hostess.get("/api/v1/challenges/toy/leaderboard").json()["items"]
    assert board[0]["team"] == "ada"
    found = hostess.get(RESCORE).json()
    assert (found["public"]["entering"], found["public"]["leaving"]) == (["bob"], ["ada"])
    assert (found["private"], found["private_changed"]) == (None, 3)
    ada = open_site.people["ada"]
    assert ada.get("/api/v1/challenges/toy/corrections").json()["items"] == []

    applied = hostess.post(f"{RESCORE}/application").json()
    assert (applied["active"]["ordinal"], applied["open"]) == (2, None)
    board = hostess.get("/api/v1/challenges/toy/leaderboard").json()["items"]
    assert (board[0]["team"], board[0]["score"]) == ("bob", "0.0000")
    (message,) = ada.get("/api/v1/messages").json()["items"]
    assert message["kind"] == "rescore.applied"
    (public,) = ada.get("/api/v1/challenges/toy/corrections").json()["items"]
    assert (public["what"], public["reason"]) == ("corrected answer key", REASON)

    undone = hostess.post(f"{RESCORE}/undo", json={"reason": "It was right."}).json()
    assert (undone["active"]["ordinal"], undone["open"]) == (1, None)
    board = hostess.get("/api/v1/challenges/toy/leaderboard").json()["items"]
    assert board[0]["team"] == "ada"


def test_what_is_not_sound_is_refused_like_the_first_time(hostess: Visitor) -> None:
    path = f"{RESCORE}/answers?reason=x"
    broken = hostess.post(path, content=solution().replace(b"\n3,", b"\nthree,"))
    assert (broken.status_code, broken.json()["code"]) == (422, "correction_refused")
    assert broken.json()["findings"][0]["file"] == "solution.csv"
    other = hostess.post(path, content=solution().replace(b"\n3,", b"\n3000,"))
    assert other.json()["detail"].startswith("Keep the row ids of the first solution.csv")
    no_reason = hostess.post(f"{RESCORE}/answers?reason=%20", content=solution())
    assert (no_reason.status_code, no_reason.json()["code"]) == (400, "bad_rescore_reason")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metric.py", "def score(): ...\n")
    built_in = hostess.post(f"{RESCORE}/metric?reason=x", content=archive.getvalue())
    assert built_in.json()["detail"].startswith("This challenge has built-in metrics")
    metrics = [{"name": "mae", "digits": 2}, {"name": "rmse", "digits": 2}]
    swapped = hostess.post(f"{RESCORE}/metrics", json={"reason": "x", "metrics": metrics})
    assert swapped.json()["detail"].startswith("Name the same metrics in the same order: rmse, mae")


def test_an_own_metric_gets_a_new_version_of_its_files(open_site: Site, hostess: Visitor) -> None:
    open_site.own_metric()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metric.py", "def score(solution, submission): return {}\n")
    begun = upload(hostess, archive.getvalue(), part="metric")
    assert begun["open"]["metric_version"] == 2  # type: ignore[index]
    assert begun["open"]["what"] == "corrected metric"  # type: ignore[index]
    (row,) = _packages(open_site)
    assert row == ("metric", 1)
    hostess.call("DELETE", RESCORE)
    empty = hostess.post(f"{RESCORE}/metric?reason=x", content=_zip_of("other.py"))
    assert empty.json()["findings"][0]["code"] == "file:missing"


def _zip_of(name: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, "x = 1\n")
    return archive.getvalue()


def _packages(site: Site) -> list[tuple[str, int]]:
    with site.state.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT kind, version FROM package").all()
    return [(kind, version) for kind, version in found]


def test_the_whole_way_by_pages(open_site: Site, hostess: Visitor) -> None:
    browser = Browser(open_site)
    browser.log_in(hostess.handle or "hostess")
    assert "/challenges/toy/rescore" in browser.see("/challenges/toy/host")
    browser.see("/challenges/toy/rescore")
    fields = {"proof": browser.hidden("proof"), "part": "answers", "reason": REASON}
    files = {"file": ("solution.csv", solution(), "text/csv")}
    path = "/challenges/toy/rescore/files"
    sent = browser.client.post(path, data=fields, files=files, headers=HOME)
    assert "0 of 3 submissions are scored again." in sent.text
    assert "Answers &lt;were&gt; mixed up." in sent.text
    score_all(open_site)
    page = browser.see("/challenges/toy/rescore")
    assert (
        "To a prize place: <strong>bob</strong>. Off a prize place: <strong>ada</strong>." in page
    )
    applied = browser.send("/challenges/toy/rescore", deed="apply")
    assert "Version 2 counts: corrected answer key" in applied.text
    assert "all submissions, corrected answer key. Answers &lt;were&gt;" in browser.see(
        "/challenges/toy/rules"
    )
    browser.page = applied.text
    undone = browser.send("/challenges/toy/rescore", deed="undo", reason="No.")
    assert "Version 1 counts: as launched" in undone.text
    browser.page = undone.text
    digits = {"digits-0": "1", "digits-1": "1"}
    begun = browser.send("/challenges/toy/rescore", deed="digits", reason="No.", **digits)
    assert "Version 3: corrected metric parameters" in begun.text
    refused = browser.send("/challenges/toy/rescore", deed="apply")
    assert refused.status_code == 409
    assert "3 of 3 submissions are not scored again yet." in refused.text


def test_what_changed_since_a_host_looked_is_not_applied_or_undone_unseen(
    open_site: Site, hostess: Visitor
) -> None:
    first = str(upload(hostess, solution())["seen"])
    assert first == "1-2"
    assert hostess.call("DELETE", f"{RESCORE}?seen={first}").is_success
    upload(hostess, solution(0.3))
    score_all(open_site)
    for method, path in (("POST", f"{RESCORE}/application"), ("DELETE", RESCORE)):
        stale = hostess.call(method, f"{path}?seen={first}")
        assert (stale.status_code, stale.json()["code"]) == (409, "rescore_moved")
        assert "the set of version 3 is open" in stale.json()["detail"]
    seen = hostess.get(RESCORE).json()["seen"]
    applied = hostess.post(f"{RESCORE}/application?seen={seen}").json()
    order = {"reason": "They were right."}
    path = f"{RESCORE}/undo?seen={applied['seen']}"
    assert hostess.post(path, json=order).json()["active"]["ordinal"] == 1
    again = hostess.post(path, json=order)  # a second click does not undo the undo
    assert (again.status_code, again.json()["code"]) == (409, "rescore_moved")
    assert hostess.get(RESCORE).json()["active"]["ordinal"] == 1


def test_buttons_of_the_page_say_what_they_are_about(open_site: Site, hostess: Visitor) -> None:
    upload(hostess, solution())
    score_all(open_site)
    browser = Browser(open_site)
    browser.log_in(hostess.handle or "hostess")
    browser.see("/challenges/toy/rescore")
    seen = browser.hidden("seen")
    assert browser.send("/challenges/toy/rescore", deed="apply", seen=seen).is_success
    stale = browser.send("/challenges/toy/rescore", deed="apply", seen=seen)
    assert stale.status_code == 409
    assert "version 2 counts now, and no set is open. Nothing was done; look again." in stale.text

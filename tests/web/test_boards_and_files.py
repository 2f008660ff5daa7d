"""Boards by ETag and page, CSV, ranges of data files, packs as zips, exports."""

import io
import warnings
import zipfile
from pathlib import Path

import pytest
from tests.web.site import Site
from tests.web.toy_pack import predictions, write_pack

from palio.web.packs import BadZipError, unpack

BOARD = "/api/v1/challenges/toy/leaderboard"


@pytest.fixture
def board_site(site: Site) -> Site:
    site.publish()
    for number, handle in enumerate(("ada", "bob", "cleo"), start=1):
        site.person(handle, accepts="toy").submit(predictions(number / 10))
    site.score_all()
    return site


def test_an_unchanged_board_answers_304_and_a_changed_one_does_not(board_site: Site) -> None:
    spectator = board_site.spectator()
    etag = spectator.get(BOARD).headers["etag"]
    again = spectator.get(BOARD, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    board_site.people["cleo"].submit(predictions(0.05))
    board_site.score_all()
    changed = spectator.get(BOARD, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.json()["items"][0]["team"] == "cleo"


def test_pages_of_a_board_follow_each_other(board_site: Site) -> None:
    spectator = board_site.spectator()
    teams = []
    cursor = ""
    while cursor is not None:
        page = spectator.get(f"{BOARD}?limit=1&cursor={cursor}").json()
        teams += [row["team"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert teams == ["ada", "bob", "cleo", "Mean of all"]


def test_the_csv_has_the_rows_of_the_json(board_site: Site) -> None:
    answer = board_site.spectator().get(f"{BOARD}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.splitlines()
    assert lines[0].startswith("rank,team,members,rmse,mae")
    assert [line.split(",")[1] for line in lines[1:]] == ["ada", "bob", "cleo", "Mean of all"]


def test_a_board_before_the_first_score_is_empty(site: Site) -> None:
    site.publish(baselines=False)
    assert site.spectator().get(BOARD).json()["items"] == []


def test_a_broken_download_goes_on_where_it_ended(board_site: Site) -> None:
    ada = board_site.people["ada"]
    path = "/api/v1/challenges/toy/data/train.csv"
    whole = ada.get(path)
    part = ada.get(path, headers={"Range": "bytes=100-", "If-Range": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:])
    size = len(whole.content)
    assert part.headers["content-range"] == f"bytes 100-{size - 1}/{size}"
    stale = ada.get(path, headers={"Range": "bytes=100-", "If-Range": '"other"'})
    assert (stale.status_code, stale.content) == (200, whole.content)
    beyond = ada.get(path, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")


def test_a_download_cannot_run_in_the_browser(board_site: Site) -> None:
    headers = board_site.people["ada"].get("/api/v1/challenges/toy/data/train.csv").headers
    assert headers["content-disposition"] == "attachment; filename*=UTF-8''train.csv"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "path", ["..%2Fsolution.csv", "%2e%2e/solution.csv", "solution.csv", "%00"]
)
def test_no_path_leads_to_the_answers(board_site: Site, path: str) -> None:
    answer = board_site.people["hostess"].get(f"/api/v1/challenges/toy/data/{path}")
    assert answer.status_code == 404


def zipped(folder: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return file.getvalue()


def test_a_zipped_folder_becomes_a_challenge(site: Site, tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "toy", slug="toy", now=site.now())
    hostess = site.people["hostess"]
    made = hostess.post("/api/v1/challenges", content=zipped(folder))
    assert (made.status_code, made.json()["state"]) == (201, "open"), made.text
    ada = site.person("ada", accepts="toy")
    ada.submit(predictions(0.1))
    site.score_all()
    board = ada.get(BOARD).json()["items"]
    assert (board[0]["team"], board[0]["score"]) == ("ada", "0.1000")


def test_an_unsound_folder_is_refused_with_every_fault(site: Site, tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "toy", slug="toy", now=site.now())
    toml = (folder / "challenge.toml").read_text()
    broken = toml.replace("tagline", "taglin").replace('name = "rmse"', 'name = "rmsee"')
    (folder / "challenge.toml").write_text(broken)
    answer = site.people["hostess"].post("/api/v1/challenges", content=zipped(folder))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "pack_refused")
    assert len(problem["findings"]) >= 2
    assert site.count("challenge") == 0


def test_a_zip_that_climbs_out_of_its_folder_is_refused(site: Site) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../evil.txt", "x")
    for body in (file.getvalue(), b"no zip"):
        answer = site.people["hostess"].post("/api/v1/challenges", content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_zip")


@pytest.mark.parametrize(
    "name",
    ["rules.md", "./rules.md", "data/train.csv/x", "data", "data/" + "x" * 300, "a/" * 3000 + "x"],
)
def test_a_zip_with_a_name_that_has_no_place_is_refused(
    site: Site, tmp_path: Path, name: str
) -> None:
    body = io.BytesIO(zipped(write_pack(tmp_path / "toy", slug="toy", now=site.now())))
    with zipfile.ZipFile(body, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there twice
        archive.writestr(f"toy/{name}", "x")
    answer = site.people["hostess"].post("/api/v1/challenges", content=body.getvalue())
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_zip")


def test_a_zip_with_a_damaged_or_rarely_packed_member_is_refused(site: Site) -> None:
    bodies = []
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("rules.md", bytes(range(256)) * 40)
        damaged = bytearray(file.getvalue())
        damaged[60:90] = bytes(30)
        bodies += [bytes(damaged)] + [file.getvalue()] * (method != zipfile.ZIP_DEFLATED)
    for body in bodies:
        answer = site.people["hostess"].post("/api/v1/challenges", content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_zip")


def test_a_zip_with_a_list_too_long_is_refused_unread(tmp_path: Path) -> None:
    source = tmp_path / "pack.zip"
    with zipfile.ZipFile(source, "w") as archive:
        for number in range(60_000):
            archive.writestr(f"data/{number:030}", "")
    with pytest.raises(BadZipError, match="more than 10,000 files"):
        unpack(source, tmp_path / "out", limit_bytes=2**20)


def test_an_export_holds_everything_but_private_scores_before_the_reveal(
    board_site: Site,
) -> None:
    hostess = board_site.people["hostess"]

    def names() -> list[str]:
        answer = hostess.get("/api/v1/challenges/toy/export")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return [name.partition("/")[2] for name in archive.namelist()]

    always = ["plan.json", "description.md", "rules.md", "acceptances.csv", "extensions.csv"]
    always += ["teams.csv", "submissions.csv", "exclusions.csv"]
    proved = ["bundle/rules.md", "bundle/log.json", "bundle/opened.json"]
    note = "bundle/bundle.note"
    assert names() == [*always, "board-public.csv", "audit.csv", *proved, note]
    board_site.end()
    board_site.settle()
    always += ["awards.csv", "board-public.csv", "board-private.csv", "audit.csv", *proved]
    assert names() == [
        *always,
        "bundle/view.json",
        "bundle/entries.json",
        "bundle/board.json",
        note,
    ]


def test_an_export_says_who_accepted_which_rules(board_site: Site) -> None:
    hostess = board_site.people["hostess"]
    rules = hostess.get("/api/v1/challenges/toy/rules").json()["sha256"]
    answer = hostess.get("/api/v1/challenges/toy/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        lines = archive.read("toy/acceptances.csv").decode().splitlines()
    assert {tuple(line.split(",")[1:3]) for line in lines[1:]} >= {("ada", rules)}

"""Boards as declared, over HTTP: audience, made-up names, the bell, history, reasons."""

import csv
import html
import io
import re
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from httpx import Response
from tests.web.site import Site, Visitor
from tests.web.toy_pack import predictions

from palio.challenges.board_contracts import Audience, BoardLine, PhaseBoards
from palio.leaderboard.contracts import Column
from palio.leaderboard.explain import is_better

TOY = "/api/v1/challenges/toy"
BOARD = f"{TOY}/leaderboard"
OFFSETS = {"zaphod": 0.4, "marvin": 0.2, "trillian": 0.2, "slarti": 0.6}


def play(site: Site) -> None:
    for handle, offset in OFFSETS.items():
        visitor = site.people.get(handle) or site.person(handle, accepts="toy")
        assert visitor.submit(predictions(offset)).status_code == 201
    site.score_all()


@pytest.fixture
def toy(site: Site) -> Site:
    site.publish()
    return site


def status(visitor: Visitor, path: str) -> tuple[int, str]:
    answer = visitor.get(path)
    return answer.status_code, answer.json().get("code", "") if answer.status_code > 399 else ""


@pytest.mark.parametrize(
    ("audience", "spectator", "participant", "host"),
    [
        (Audience.EVERYBODY, 200, 200, 200),
        (Audience.PARTICIPANTS, 403, 200, 200),
        (Audience.ORGANIZERS, 403, 403, 200),
    ],
)
def test_board_is_for_its_audience_until_the_reveal(
    toy: Site, audience: Audience, spectator: int, participant: int, host: int
) -> None:
    toy.declare_board(audience=audience)
    play(toy)
    other = toy.person("other", accepts="toy")  # has no team yet
    paths = [BOARD, f"{BOARD}.csv", f"{BOARD}/race", "/challenges/toy/board"]
    for path in [*paths, "/challenges/toy/board/race"]:
        assert toy.spectator().get(path).status_code == spectator
        assert other.get(path).status_code == spectator
        assert toy.people["zaphod"].get(path).status_code == participant
        assert toy.people["hostess"].get(path).status_code == host
    if spectator == 403:
        assert status(toy.spectator(), BOARD) == (403, "board_not_shown")
    toy.end()
    toy.settle()
    for path in paths:
        assert toy.spectator().get(path).status_code == 200


def everything_readable(site: Site, visitor: Visitor) -> list[tuple[str, Response]]:
    """Ask every address of the API and of the pages that reads."""
    document = site.spectator().get("/api/v1/openapi.json").json()
    paths = {path for path, methods in document["paths"].items() if "get" in methods}
    paths |= {f"/challenges/toy{end}" for end in ("", "/board", "/board/race", "/rules", "/team")}
    paths |= {"/", "/challenges/toy/board/rows/{team_id}", "/challenges/toy/board?at=2100-01-01"}
    rows = visitor.get(BOARD).json()["items"]
    return [
        (path, visitor.get(path.replace("{slug}", "toy").replace("{team_id}", rows[0]["team_id"])))
        for path in sorted(paths)
    ]


def test_anonymous_names_leak_nowhere_before_the_reveal(toy: Site) -> None:
    toy.declare_board(is_anonymous=True)
    play(toy)
    zaphod, marvin = toy.people["zaphod"], toy.people["marvin"]
    team = zaphod.get(f"{TOY}/team").json()
    secret = {"zaphod", team["id"], toy.person_id("zaphod")}
    for visitor in (toy.spectator(), marvin):
        for path, answer in everything_readable(toy, visitor):
            leaked = {word for word in secret if word in answer.text}
            assert leaked == set(), path
    board = toy.spectator().get(BOARD).json()
    assert board["is_anonymous"]
    row = next(row for row in board["items"] if row["score"] == "0.4000")
    assert re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+ [0-9a-f]{4}", row["team"])
    assert (row["members"], row["team_id"]) == ([], row["team"].lower().replace(" ", "-"))
    why = zaphod.get(f"{BOARD}/rows/own").json()
    assert (why["row"]["team"], len(why["submissions"])) == (row["team"], 1)
    assert marvin.get(f"{BOARD}/rows/{row['team_id']}").json()["submissions"] == []
    assert "you</span>" in zaphod.get("/challenges/toy/board").text
    toy.end()
    toy.settle()
    names = [row["team"] for row in toy.spectator().get(BOARD).json()["items"]]
    assert names == ["marvin", "trillian", "zaphod", "slarti", "Mean of all"]


def test_after_the_bell_anybody_may_try_and_is_scored_apart(toy: Site) -> None:
    toy.declare_board(has_late_entries=True)
    play(toy)
    toy.end()
    newcomer = toy.person("arthur", accepts="toy")
    assert newcomer.submit(predictions(0.0)).status_code == 201
    assert newcomer.get(f"{TOY}/quota").json()["remaining"] == 4
    toy.settle()  # waits for nobody who is late
    private = toy.spectator().get(f"{BOARD}?board=private").json()["items"]
    assert [row["team"] for row in private if row["rank"]] == [
        "marvin",
        "trillian",
        "zaphod",
        "slarti",
    ]
    toy.score_all()
    late = toy.spectator().get(f"{BOARD}?board=late").json()["items"]
    assert [(row["rank"], row["team"], row["score"]) for row in late] == [
        (1, "arthur", "0.0000"),
        (None, "Mean of all", late[1]["score"]),
    ]
    assert toy.spectator().get(f"{BOARD}?board=private").json()["items"] == private
    export = zipfile.ZipFile(io.BytesIO(toy.people["hostess"].get(f"{TOY}/export").content))
    assert b"\r\n1,arthur,arthur,0.0000," in export.read("toy/board-late.csv")
    page = toy.spectator().get("/challenges/toy/board").text
    assert "After the bell" in page
    assert "wins nothing" in newcomer.get("/challenges/toy/submissions").text
    for _ in range(4):
        newcomer.submit(predictions(0.1))
    assert status_of_submission(newcomer) == (429, "quota_used_up")


def status_of_submission(visitor: Visitor) -> tuple[int, str]:
    answer = visitor.submit(predictions(0.1))
    return answer.status_code, answer.json().get("code", "")


def test_board_of_an_instant_is_the_one_in_force_then(toy: Site) -> None:
    play(toy)
    first = toy.now()
    toy.people["slarti"].submit(predictions(0.1))
    toy.score_all()
    spectator = toy.spectator()
    now = spectator.get(BOARD)
    then = spectator.get(BOARD, params={"at": first.isoformat()})
    assert then.json()["items"][0]["team"] == "marvin"
    assert now.json()["items"][0]["team"] == "slarti"
    assert now.headers["etag"] != then.headers["etag"]
    again = spectator.get(
        BOARD, params={"at": first.isoformat()}, headers={"If-None-Match": then.headers["etag"]}
    )
    assert again.status_code == 304
    before = (first - timedelta(days=1)).isoformat()
    assert spectator.get(BOARD, params={"at": before}).json()["items"] == []
    assert status(spectator, f"{BOARD}?at=yesterday") == (400, "bad_instant")
    assert status(spectator, f"{BOARD}?at=2026-11-22T00:00:00") == (400, "bad_instant")
    assert status(spectator, f"{BOARD}?at=9999-12-31T23:59:59-23:59") == (400, "bad_instant")
    page = spectator.get(f"/challenges/toy/board?at={first:%Y-%m-%dT%H:%M:%S.%f}").text
    assert page.index(">marvin<") < page.index(">slarti<")
    assert (
        "There was no board yet" in spectator.get("/challenges/toy/board?at=2001-01-01T00:00").text
    )


def test_race_and_shakeup_have_data_and_a_drawing_without_scripts(toy: Site) -> None:
    play(toy)
    toy.people["slarti"].submit(predictions(0.1))
    toy.score_all()
    race = toy.spectator().get(f"{BOARD}/race?teams=2").json()
    assert [(racer["team"], racer["ranks"][0], racer["ranks"][-1]) for racer in race["racers"]] == [
        ("slarti", 4, 1),
        ("marvin", 1, 2),
    ]
    page = toy.spectator().get("/challenges/toy/board/race").text
    assert page.count("<polyline") == len(OFFSETS)
    assert "<script" not in page
    assert status(toy.spectator(), f"{BOARD}/shakeup") == (404, "not_revealed_yet")
    toy.end()
    toy.settle()
    found = toy.spectator().get(f"{BOARD}/shakeup").json()
    assert (found["teams"], found["overall"], found["top"], found["spearman"]) == (
        4,
        0.0,
        None,
        1.0,
    )
    assert "Shake-up: 0.0000" in toy.spectator().get("/challenges/toy/board").text


def test_every_rank_is_recomputed_from_its_explanation(toy: Site) -> None:
    play(toy)
    board = toy.spectator().get(BOARD).json()
    for row in board["items"]:
        if row["rank"] is None:
            continue
        why = toy.spectator().get(f"{BOARD}/rows/{row['team_id']}").json()
        order = [Column(**column) for column in why["order"]]
        better = sum(
            group["rows"]
            for group in why["better"]
            if is_better(numbers(group["values"]), numbers(why["values"]), order)
        )
        assert (row["rank"], why["row"], why["submissions"]) == (better + 1, row, [])
    page = toy.people["slarti"].get("/challenges/toy/board/rows/own").text
    assert "Why slarti stands on rank 4" in page
    assert "3 rows are strictly better: 3 + 1 = rank 4" in page
    assert "this one is the row" in page
    tie = toy.spectator().get(f"{BOARD}/rows/{board['items'][0]['team_id']}").json()["ties"]
    assert [other["team"] for other in tie] == ["trillian"]
    assert status(toy.spectator(), f"{BOARD}/rows/own") == (404, "no_such_row")
    assert status(toy.people["hostess"], f"{BOARD}/rows/nobody") == (404, "no_such_row")


def numbers(values: list[str]) -> list[Decimal]:
    return [Decimal(value) for value in values]


def test_lines_stand_among_the_rows_on_every_way_out(toy: Site) -> None:
    toy.declare_board(lines=(BoardLine("Last year", Decimal("0.3"), None),))
    play(toy)
    board = toy.spectator().get(BOARD).json()
    (line,) = board["lines"]
    assert (line["title"], line["score"], line["position"]) == ("Last year", "0.3000", 2)
    rows = list(csv.DictReader(io.StringIO(toy.spectator().get(f"{BOARD}.csv").text)))
    assert [row["team"] for row in rows][:4] == ["marvin", "trillian", "Last year", "zaphod"]
    page = toy.spectator().get("/challenges/toy/board").text
    assert page.index(">trillian<") < page.index("Last year") < page.index(">zaphod<")
    paged = [toy.spectator().get(f"{BOARD}?limit=2").json()]
    paged.append(toy.spectator().get(f"{BOARD}?limit=2&cursor={paged[0]['next_cursor']}").json())
    assert [len(one["lines"]) for one in paged] == [0, 1]  # above the row it stands before


def test_links_of_a_phase_board_stay_on_its_phase(toy: Site) -> None:
    toy.declare_board(phases=PhaseBoards.APART)
    play(toy)
    page = toy.spectator().get("/challenges/toy/board?board=public&phase=main").text
    rows = re.findall(r'href="([^"]*/board/rows/[^"]*)"', page)
    assert len(rows) == 4
    why = toy.spectator().get(html.unescape(rows[0])).text
    links = re.findall(r'href="([^"]*(?:/leaderboard|/board)[^"]*[?][^"]*)"', page + why)
    links = [html.unescape(link) for link in links if "/race" not in link]
    assert {link.partition("phase=")[2] for link in links} == {"main"}
    assert {toy.spectator().get(link).status_code for link in links} == {200}


def test_frozen_board_says_so(toy: Site) -> None:
    play(toy)
    toy.declare_board(freeze_at=toy.now())
    toy.people["slarti"].submit(predictions(0.0))
    toy.score_all()
    page = toy.spectator().get("/challenges/toy/board").text
    assert "This board stands still since" in page
    assert toy.spectator().get(BOARD).json()["items"][0]["team"] == "marvin"
    own = toy.people["slarti"].get(f"{TOY}/submissions").json()["items"][0]
    assert own["public_scores"][0]["score"] == "0.0000"
    toy.end()
    toy.settle()
    assert toy.spectator().get(BOARD).json()["items"][0]["team"] == "slarti"


def test_the_board_after_the_bell_is_shown_before_the_challenge_is_called_closed(
    site: Site,
) -> None:
    site.publish()
    site.declare_board(has_late_entries=True)
    ada = site.person("ada", accepts="toy")
    site.end()
    assert ada.submit(predictions(0.2)).status_code == 201
    site.score_all()
    assert "After the bell" in site.spectator().get("/challenges/toy/board?board=late").text

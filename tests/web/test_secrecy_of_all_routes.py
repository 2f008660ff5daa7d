"""Before the reveal no route at all tells what it may not, in any state, to anybody (I-23).

Two sites differ in their answers alone; the routes are asked for from the application itself, so a
new one is looked at here without anybody thinking of it.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from tests.web.routes import gets
from tests.web.site import Site, Visitor
from tests.web.toy_pack import predictions
from tests.web.twins import change_private_answers, masked, play, private_scores, twin_of

from palio.challenges.board_contracts import Release, ReleaseRule
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.core.money import Money
from palio.pipeline import board_steps, evidence_steps, prize_steps, rescore_steps

TOY = "/api/v1/challenges/toy"
PROVED = re.compile(r"/(log|bundle|export|receipt)\b|/cases|/evidence|/audit")
# What is drawn anew on each site: ids, salted hashes, signatures, nodes of the log's tree.
DRAWN = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}|\b[0-9a-f]{32,}\b|\b[0-9a-f]{8}\b")
MINUTES = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
IDS = re.compile(r"\b[0-9a-f]{32}\b")
QUERIES = {
    f"{TOY}/submissions": ("", "?all=true"),
    f"{TOY}/team/mergers/preview": ("?team=cleo", "?team=bob"),
    "/api/v1/log/inclusion": ("?index=0&size=1",),
    "/api/v1/log/consistency": ("?first=1&second=1",),
}
Seen = tuple[str, str, int, str, str]  # who, where, status, headers, body
BOARDS = ("", "?board=private", "?board=late", "?at=2100-01-01T00:00:00Z")
PROGRESS = PrizePlan(
    1, "Progress", Money(100, "EUR"), kind=PrizeKind.PROGRESS, improvement=Decimal("0.1")
)


class Drawn:
    """Names for what is drawn anew: the n-th that is seen, the same wherever it stands."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._names: dict[str, str] = {}

    def named(self, text: str) -> str:
        def name(match: re.Match[str]) -> str:
            if match[0] in self._known:
                return match[0]
            return self._names.setdefault(match[0], f"<{len(self._names)}>")

        return IDS.sub(name, text)


def open_everything(site: Site) -> None:
    """Do all that can be under way before the reveal; the same on each site."""
    host, bob = site.people["hostess"], site.people["bob"]
    play(site)
    prize_steps.judge_progress(site.bench, site.challenge_id("toy"))
    board_steps.publish(site.bench, site.challenge_id("toy"))
    host.post(f"{TOY}/evidence/scans")
    evidence_steps.scan_next(site.bench)
    findings = host.get(f"{TOY}/evidence").json()["findings"]
    ids = [each["id"] for each in findings if each["evidence"]["kind"] == "equal_files"]
    order = {"team": "cleo", "findings": ids, "words": "Why are they equal?"}
    case = host.post(f"{TOY}/cases", json=order)
    assert case.status_code == 201, case.text
    assert host.post(f"/api/v1/cases/{case.json()['id']}/notice").status_code == 200
    metrics = [dict[str, Any](name=name, digits=2, parameters={}) for name in ("rmse", "mae")]
    begun = host.post(f"{TOY}/rescore/metrics", json={"reason": "digits", "metrics": metrics})
    assert begun.status_code == 201, begun.text
    play(site)
    rescore_steps.top_up(site.bench)
    made = bob.post(f"{TOY}/team/mergers", json={"team": "ada"})
    assert made.status_code == 201, made.text
    play(site)


def addresses(site: Site, mine: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Fill every path with everything there is for it; a new kind of hole fails here."""
    for path in gets(site.app):
        names = re.findall(r"\{(\w+)(?::\w+)?\}", path)
        for values in product(*(mine[name] for name in names)):
            filled = path
            for name, value in zip(names, values, strict=True):
                filled = re.sub(rf"\{{{name}(:\w+)?\}}", value, filled)
            is_board = "/leaderboard" in path or "/board" in path
            for query in QUERIES.get(filled, BOARDS if is_board else ("",)):
                yield filled + query


def holes(site: Site, submissions: Sequence[str]) -> dict[str, Sequence[str]]:
    host, public = site.people["hostess"], site.spectator()
    ids = {
        "award_id": [each["id"] for each in public.get(f"{TOY}/awards").json()["items"]],
        "case_id": [each["id"] for each in host.get(f"{TOY}/cases").json()["items"]],
    }
    rows = host.get(f"{TOY}/leaderboard").json()["items"]
    return {
        "slug": ["toy"],
        "submission_id": submissions,
        "team_id": ["own", *sorted({row["team_id"] for row in rows if row["team_id"]})],
        "handle": ["ada", "bob"],
        "path": ["train.csv"],
        "code": ["none"],
        "opening_id": ["0" * 32],  # nothing is opened before the reveal
        **{name: found or ["0" * 32] for name, found in ids.items()},
    }


def text_of(content: bytes, fallback: str) -> str:
    if not content.startswith(b"PK"):
        return fallback
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(f"{name}\n{archive.read(name).decode()}" for name in archive.namelist())


def in_any_order(text: str) -> str:
    """Return the lines sorted, without their numbers: jobs made at once run in any order."""
    return "\n".join(sorted(re.sub(r"^\d+,", "", line) for line in text.splitlines()))


def seen(site: Site, submissions: Sequence[str], known: frozenset[str]) -> list[Seen]:
    """Return what everybody gets from everywhere."""
    drawn = Drawn(known)
    found: list[Seen] = []
    mine = holes(site, submissions)
    paths = list(addresses(site, mine))
    for name in ("", "ada", "cleo", "hostess"):
        token = site.people[name].token if name else ""
        for path in paths:
            if name == "hostess" and path.endswith("/rescore"):
                continue  # how many private scores change is told to hosts, who have the answers
            answer = Visitor(site.client, token=token).get(path)
            assert answer.status_code < 500, (path, answer.text)
            text = MINUTES.sub("*", masked(text_of(answer.content, answer.text)))
            left_out = ("x-request-id", "content-length")
            headers = {k: masked(v) for k, v in answer.headers.items() if k not in left_out}
            is_proof = PROVED.search(path) is not None
            shown = in_any_order(DRAWN.sub("#", text)) if is_proof else drawn.named(text)
            shown_headers = str(headers) if not is_proof else ""
            found.append((name, drawn.named(path), answer.status_code,
                          drawn.named(shown_headers), shown))  # fmt: skip
    return found


def compare(mine: Sequence[Seen], other: Sequence[Seen]) -> None:
    """Hold two sites' answers against each other; what differs is shown line by line."""
    assert len(mine) == len(other)
    for one, two in zip(mine, other, strict=True):
        pairs = zip(str(one).split("\\n"), str(two).split("\\n"), strict=False)
        differing = [(a[:300], b[:300]) for a, b in pairs if a != b]
        assert (one[:3], differing[:3]) == (two[:3], [])
        assert one == two


def known_ids(site: Site) -> frozenset[str]:
    """Return the ids that both sites have, for they were there before the two parted."""
    paths = (f"{TOY}/submissions?all=true", f"{TOY}/leaderboard", f"{TOY}", "/api/v1/me")
    return frozenset(
        found
        for who in site.people.values()
        for path in paths
        for found in IDS.findall(who.get(path).text)
    )


CASES: dict[str, tuple[dict[str, Any], float, float]] = {
    "as they are": ({}, 0.0, 0.1),
    "anonymous and frozen": ({"is_anonymous": True, "freeze_at": timedelta(seconds=-30)}, 0.0, 0.1),
    "hidden": ({"release": ReleaseRule(Release.HIDDEN)}, 0.07, 0.1),
    "daily": ({"release": ReleaseRule(Release.DAILY)}, 0.07, 0.1),
    "ladder": ({"release": ReleaseRule(Release.LADDER, Decimal("0.5"))}, 0.004, 0.1),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_no_route_tells_what_the_rule_holds_back(site: Site, tmp_path: Path, case: str) -> None:
    board, public_shift, shift = CASES[case]
    is_ladder = case in {"ladder", "daily"}  # their baselines are told as they are
    site.publish(rule="chosen", baselines=not is_ladder)
    freeze = board.get("freeze_at")
    at: dict[str, Any] = {"freeze_at": site.now() + freeze} if isinstance(freeze, timedelta) else {}
    site.declare_board(**{**board, **at, "has_late_entries": True})
    teams = [site.person(name, accepts="toy") for name in ("ada", "bob", "cleo")]
    offsets = ((0.1, 0.3), (0.5,), (0.5,))
    ids = [
        team.submit(predictions(offset)).json()["submission_id"]
        for team, own in zip(teams, offsets, strict=True)
        for offset in own
    ]
    if not is_ladder:
        site.declare_prizes(*site_prizes(site))
    known = known_ids(site)
    twin = twin_of(site, tmp_path / "twin")
    twin.people = {
        name: Visitor(twin.client, token=each.token, handle=name, keys=each.keys)
        for name, each in site.people.items()
    }
    change_private_answers(twin, shift=shift, public_shift=public_shift)
    for one in (site, twin):
        open_everything(one)
    scores = [private_scores(one) for one in (site, twin)]
    assert scores[0] != scores[1]  # the sites do differ, so the comparison means something

    compare(*(seen(one, ids, known) for one in (site, twin)))
    for one in (site, twin):
        one.end()
        assert one.people["bob"].submit(predictions(0.2)).status_code == 201
        play(one)
    compare(*(seen(one, ids, known) for one in (site, twin)))
    twin.close()


def site_prizes(site: Site) -> tuple[PrizePlan, ...]:
    """A progress prize whose date has just come."""
    return (
        PrizePlan(
            PROGRESS.rank,
            PROGRESS.title,
            PROGRESS.money,
            kind=PROGRESS.kind,
            improvement=PROGRESS.improvement,
            dates=(site.now(),),
        ),
    )

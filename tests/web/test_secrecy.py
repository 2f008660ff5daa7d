"""Before the reveal nothing depends on private answers: two sites, byte for byte (I-23)."""

import io
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.web.site import (
    PUBLIC,
    ROWS,
    TRUTH,
    Site,
    Visitor,
    make_site,
    predictions,
    write_pack,
)

from palio.challenges.packs import read_pack
from palio.core.storage import LocalStorage
from palio.scoring.key import compile_key

PATHS = (
    "/",
    "/challenges/toy",
    "/challenges/toy/data",
    "/challenges/toy/rules",
    "/challenges/toy/board",
    "/challenges/toy/board?board=private",
    "/challenges/toy/submissions",
    "/challenges/toy/team",
    "/challenges/toy/host",
    "/api/v1/me",
    "/api/v1/tokens",
    "/api/v1/challenges",
    "/api/v1/challenges/toy",
    "/api/v1/challenges/toy/rules",
    "/api/v1/challenges/toy/data",
    "/api/v1/challenges/toy/data/train.csv",
    "/api/v1/challenges/toy/submissions",
    "/api/v1/challenges/toy/submissions?all=true",
    "/api/v1/challenges/toy/quota",
    "/api/v1/challenges/toy/team",
    "/api/v1/challenges/toy/leaderboard",
    "/api/v1/challenges/toy/leaderboard?board=private",
    "/api/v1/challenges/toy/leaderboard.csv",
    "/api/v1/challenges/toy/leaderboard.csv?board=private",
    "/api/v1/challenges/toy/awards",
    "/api/v1/challenges/toy/host",
    "/api/v1/challenges/toy/export",
    "/healthz",
)
# What a clock writes, wherever it stands: the two sites cannot be asked at one instant.
CLOCKS = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z|\+00:00)?"
    r"|(in |\()?(\d+ (day|hour|minute|second)s? ?)+(ago)?"
    r'|"(wait|run)_p[59]0":[0-9.]+|"request_id":"[0-9a-f]{32}"|request <code>[0-9a-f]{32}'
    r'|name="idempotency_key" value="[^"]*"'
)
FIXED = {
    "submission": ("started_at", "ended_at"),
    "job": ("started_at", "ended_at", "created_at", "not_before", "lease_until"),
    "board_snapshot": ("made_at",),
}


def masked(text: str) -> str:
    return CLOCKS.sub("*", text)


def twin_of(site: Site, folder: Path) -> Site:
    """The same site in another folder: same rows, files, tokens."""
    twin = make_site(folder)
    source = sqlite3.connect(site.settings.data_folder / "palio.sqlite3")
    target = sqlite3.connect(twin.settings.data_folder / "palio.sqlite3")
    with target:
        source.backup(target)
    source.close()
    target.close()
    for name in ("blobs", "sealed", "hidden"):
        shutil.copytree(
            site.settings.data_folder / name, twin.settings.data_folder / name, dirs_exist_ok=True
        )
    return twin


def change_private_answers(site: Site, *, shift: float) -> None:
    """Put other private answers in place of the first ones; ids and public answers stay."""
    folder = write_pack(site.folder / "other", slug="toy", now=site.now(), private_shift=shift)
    pack = read_pack(folder)
    ids, answers = site.folder / "ids", site.folder / "answers"
    compile_key(
        solution=pack.solution,
        form=pack.plan.form,
        truth=pack.plan.truth,
        public_share=None,
        seed=None,
        ids_path=ids,
        sealed_path=answers,
    )
    sealed = LocalStorage(site.settings.sealed_folder).keep_file(answers, limit_bytes=2**20)
    site.sql("UPDATE answer_key SET sealed_sha256 = :sha256", sha256=sealed.sha256)


def play(site: Site) -> None:
    """Score everything, and give the times of scoring the same values on every site."""
    site.score_all()
    for table, columns in FIXED.items():
        for column in columns:
            site.sql(
                f"UPDATE {table} SET {column} = '2026-01-01 00:00:00.000000'"  # noqa: S608 (own words)
                f" WHERE {column} IS NOT NULL"
            )


def answers(site: Site, visitors: Sequence[Visitor], paths: Sequence[str]) -> list[object]:
    seen: list[object] = []
    for visitor in visitors:
        for path in paths:
            answer = Visitor(site.client, token=visitor.token).get(path)
            text = unzipped(answer.content) if path.endswith("/export") else answer.text
            # A clock's digits change the length; the masked bodies are compared whole.
            left_out = ("x-request-id", "content-length")
            headers = {k: masked(v) for k, v in answer.headers.items() if k not in left_out}
            seen.append((path, answer.status_code, headers, masked(text)))
    return seen


def unzipped(content: bytes) -> str:
    """Every member of a zip as text; what is no zip (a refusal) as it is."""
    if not content.startswith(b"PK"):
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(f"{name}\n{archive.read(name).decode()}" for name in archive.namelist())


def test_answers_before_the_reveal_do_not_depend_on_private_labels(
    site: Site, tmp_path: Path
) -> None:
    site.publish(rule="chosen")
    ada = site.person("ada", accepts="toy")
    bob = site.person("bob", accepts="toy")
    ids = [ada.submit(predictions(offset)).json()["submission_id"] for offset in (0.5, 0.3, 0.1)]
    ids.append(bob.submit(b"id,rating\n1,2\n").json()["submission_id"])
    ids.append(bob.submit(predictions(0.2)).json()["submission_id"])
    twin = twin_of(site, tmp_path / "twin")
    change_private_answers(twin, shift=2.0)
    for one in (site, twin):
        play(one)
        one.end()
        play(one)
    scores = [private_scores(one) for one in (site, twin)]
    assert scores[0] != scores[1]  # the sites do differ, so the comparison means something

    paths = [
        *PATHS,
        *(f"/api/v1/submissions/{i}{x}" for i in ids for x in ("", "/file", "/host-runs")),
        *(f"/challenges/toy/submissions/{i}{x}" for i in ids for x in ("", "/host-runs")),
    ]
    visitors = [site.spectator(), ada, bob, site.people["hostess"]]
    for mine, other in zip(
        answers(site, visitors, paths), answers(twin, visitors, paths), strict=True
    ):
        assert mine == other
    twin.close()


def test_predictions_without_a_private_score_look_like_any_other_until_the_reveal(
    site: Site,
) -> None:
    site.publish(metric="pearson", baselines=False)
    ada, bob = (site.person(name, accepts="toy") for name in ("ada", "bob"))
    values = [TRUTH[row] if PUBLIC[row] else 3.0 for row in range(ROWS)]  # constant in private
    lines = [f"{row + 1},{value}" for row, value in enumerate(values)]
    probe = ada.submit(("id,rating\n" + "\n".join(lines) + "\n").encode()).json()["submission_id"]
    bob.submit(predictions(0.1))
    site.score_all()
    assert ada.get(f"/api/v1/submissions/{probe}").json()["state"] == "scored"
    site.end()
    site.settle()
    board = site.spectator().get("/api/v1/challenges/toy/leaderboard?board=private").json()
    assert [line["team"] for line in board["items"]] == ["bob"]


def private_scores(site: Site) -> list[str]:
    connection = sqlite3.connect(site.settings.data_folder / "palio.sqlite3")
    rows = connection.execute("SELECT rounded FROM private_score ORDER BY submission_id, metric")
    found = [row[0] for row in rows]
    connection.close()
    return found

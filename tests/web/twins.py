"""Twins of a site: the same rows and files, other private answers; and what people see of them."""

import io
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.web.site import Site, Visitor, make_site
from tests.web.toy_pack import write_pack

from palio.challenges.packs import read_pack
from palio.core.storage import LocalStorage
from palio.scoring.key import compile_key

# What a clock writes, wherever it stands: the two sites cannot be asked at one instant.
CLOCKS = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z|\+00:00)?"
    r"|(in |\()?(\d+ (day|hour|minute|second)s? ?)+(ago)?"
    r'|"(wait|run)_p[59]0":[0-9.]+|"request_id":"[0-9a-f]{32}"|request <code>[0-9a-f]{32}'
    r'|name="idempotency_key" value="[^"]*"'
)
# Of an event in the log, and of a score: a hash that a salt nobody knows has gone into.
SALTED = re.compile(r'[0-9a-f]{64}(?=\r\n)|(?<=_commit"":"")[0-9a-f]{64}')
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


def change_private_answers(site: Site, *, shift: float, public_shift: float = 0.0) -> None:
    """Put other private answers in place of the first ones; ids and public answers stay.

    With a `public_shift` the public ones are others too.
    """
    folder = write_pack(
        site.folder / "other",
        slug="toy",
        now=site.now(),
        private_shift=shift,
        public_shift=public_shift,
    )
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
        text = "".join(
            f"{name}\n{archive.read(name).decode()}"
            for name in archive.namelist()
            if "/bundle/" not in name  # promises with salts of their own, and signatures
        )
    return SALTED.sub("*", text)


def private_scores(site: Site) -> list[str]:
    connection = sqlite3.connect(site.settings.data_folder / "palio.sqlite3")
    rows = connection.execute("SELECT rounded FROM private_score ORDER BY submission_id, metric")
    found = [row[0] for row in rows]
    connection.close()
    return found

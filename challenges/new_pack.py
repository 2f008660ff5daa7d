"""Writes a small, sound challenge folder for an organizer to change step by step."""

import json
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from palio.challenges.errors import FolderTakenError, PackRefusedError
from palio.challenges.plan_toml import FILE, SLUG, SLUG_MOST
from palio.core.errors import Finding

EXAMPLE = "netflix-mini"
RUNS = timedelta(days=30)


def new_pack(folder: Path, *, slug: str, title: str, now: datetime) -> tuple[Path, ...]:
    """Write the example challenge under another name; it opens at the next full hour for 30 days.

    The seed of the public share is drawn afresh, so that nobody knows it from the example.

    Returns:
        The files written.

    Raises:
        FolderTakenError: There is something at `folder`.
        PackRefusedError: `slug` or `title` cannot serve as such.

    """
    _check_names(slug, title)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTakenError(f"{folder} is there already and not empty. Choose another folder.")
    opens_at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    values = {
        "slug": json.dumps(slug),
        "title": json.dumps(title, ensure_ascii=False),
        "seed": str(2**62 + secrets.randbits(62)),
        "opens_at": _written(opens_at),
        "closes_at": _written(opens_at + RUNS),
    }
    return tuple(_write(folder, values))


def _check_names(slug: str, title: str) -> None:
    findings = []
    if not SLUG.fullmatch(slug) or len(slug) > SLUG_MOST:
        text = f"The slug {slug!r} must be lower-case letters, digits and single hyphens."
        findings.append(Finding("value:slug", text, hint='For example "my-challenge".'))
    if not title.strip() or not title.isprintable():
        findings.append(Finding("value:title", "The title must be one line of printable text."))
    if findings:
        raise PackRefusedError(" ".join(f.text for f in findings), findings=tuple(findings))


def _write(folder: Path, values: dict[str, str]) -> Iterator[Path]:
    with as_file(files("palio.challenges") / "examples" / EXAMPLE) as example:
        for source in sorted(example.rglob("*")):
            if not source.is_file():
                continue
            target = folder / source.relative_to(example)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text(encoding="utf-8")
            target.write_text(_filled(text, values) if source.name == FILE else text, "utf-8")
            yield target


def _filled(text: str, values: dict[str, str]) -> str:
    left = dict(values)  # each key once: prizes have titles too

    def line(match: re.Match[str]) -> str:
        return f"{match[1]} = {left.pop(match[1])}" if match[1] in left else match[0]

    keys = "|".join(values)
    return re.sub(rf"^({keys}) = [^#\n]*?(?=\s*(?:#|$))", line, text, flags=re.MULTILINE)


def _written(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"

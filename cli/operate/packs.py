"""Challenge folders on this machine: made, checked, published into the local server."""

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from palio.accounts import queries
from palio.accounts.contracts import Person
from palio.accounts.errors import PersonNotFoundError
from palio.challenges import packs
from palio.challenges.check import PackReport, check_pack
from palio.challenges.metric_trials import Bench
from palio.challenges.new_pack import new_pack
from palio.challenges.plan_toml import FILE
from palio.cli.client import config, show
from palio.cli.client.answers import Finding
from palio.cli.client.command import Ended
from palio.cli.client.errors import EXIT_REFUSED, ClientError
from palio.cli.operate.here import here, load
from palio.core import errors
from palio.core.clock import database_now
from palio.core.storage import LocalStorage
from palio.pipeline import launch


def new(folder: Path) -> object:
    """Write a small ready challenge into a new folder."""
    name = folder.resolve().name
    slug = "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
    written = new_pack(
        folder,
        slug=slug,
        title=name.replace("-", " ").replace("_", " ").strip().capitalize(),
        now=datetime.fromtimestamp(time.time(), tz=UTC),  # a first guess for people to change
    )
    show.line(f"Made {folder} with {len(written)} files: a small challenge that works.")
    show.line(f"Change {folder / FILE} and the files beside it, then look at it with:")
    show.line(f"  palio challenge check {folder}")
    return {"folder": str(folder), "slug": slug, "files": [str(path) for path in written]}


def check(folder: Path, *, data: Path | None) -> object:
    """Say all that is wrong, all that is odd, and what sample and baselines score."""
    state = config.cache_folder() / "sandbox" if data is None else load(data).boxes_folder
    report = _report(folder, state=state)
    for each in report.findings:
        _show(each, indent="")
    for each in report.warnings:
        _show(each, indent="warning: ")
    if report.key:
        key = report.key
        show.line(
            f"{key.rows:,} answers: {key.public_rows:,} public, {key.private_rows:,} private."
        )
    if report.board:
        show.table(
            ["file", *(f"{score.metric}, {part}>" for part, score in _heads(report))],
            [
                (line.label, *(score.rounded for score in (*line.public, *line.private)))
                for line in report.board
            ],
        )
    if report.trials:
        show.table(
            ["tried with", "what the metric did"],
            [(trial.what, trial.said) for trial in report.trials],
        )
    _conclude(report, folder)
    return Ended(_document(report), 0 if report.is_sound else EXIT_REFUSED)


def publish(folder: Path, *, organizer: str, data: Path | None) -> object:
    """Publish a sound folder on the server of this machine."""
    report = _report(folder, state=load(data).boxes_folder)
    if report.pack is None:
        raise packs.refusal(report.findings)
    with here(data) as server, server.work() as session:
        challenge = launch.publish_pack(
            session,
            pack=report.pack,
            blobs=LocalStorage(server.settings.blobs_folder),
            sealed=LocalStorage(server.settings.sealed_folder),
            hidden=LocalStorage(server.settings.hidden_folder),
            organizer_id=_organizer(session, organizer).id,
            now=database_now(session),
        )
        url = f"{server.settings.url}/challenges/{challenge.slug}"
    show.line(f"Published {challenge.slug} ({challenge.state}): {url}")
    if challenge.plan.prizes:
        show.line(f"How its prizes are funded: palio money show {challenge.slug}", dim=True)
    return {"slug": challenge.slug, "state": str(challenge.state), "url": url}


def _organizer(session: Session, handle: str) -> Person:
    """Return the person named, or the one administrator there is."""
    if handle:
        try:
            return queries.person_by_handle(session, handle)
        except PersonNotFoundError as error:
            raise ClientError(
                error.detail, hint=f"Make the account with: palio user create {handle}"
            ) from error
    admins = [person for person in queries.people(session).items if person.is_admin]
    if len(admins) == 1:
        return admins[0]
    raise ClientError(
        "Whose challenge is it?",
        hint="Add --organizer HANDLE; make an account with: palio user create HANDLE",
    )


def _report(folder: Path, *, state: Path) -> PackReport:
    if not folder.is_dir():
        hint = "Make one with: palio challenge new"
        if folder.name == FILE:
            hint = f"Name the folder it is in: {folder.parent}"
        raise ClientError(f"{folder} is not a folder.", hint=hint)
    with tempfile.TemporaryDirectory(prefix="palio-") as workdir, show.waiting() as tell:
        return check_pack(folder, workdir=Path(workdir), bench=lambda: _bench(tell, state))


def _bench(tell: Callable[[str], None], state: Path) -> Bench:
    """Give boxes for a metric of the host's own; the runtime is built when it is not in `state`."""
    from palio.sandbox import choose  # noqa: PLC0415 (slow import)
    from palio.sandbox.model_box import is_alive_at_home, site_of  # noqa: PLC0415 (slow import)
    from palio.sandbox.runtime import build  # noqa: PLC0415 (slow import)

    site = site_of(state)
    sandbox, probe = choose.find(choose.Need.METRIC, state, site=site)
    sandbox.reap(is_live=is_alive_at_home)  # what a check that was killed left
    runtime = build.ensure(state, say=lambda text: tell(f"making the box, once: {text}"))
    tell(f"trying the metric in boxes of {probe.backend}")
    return Bench(sandbox, runtime, site)


def _conclude(report: PackReport, folder: Path) -> None:
    odd = f"{len(report.warnings)} warning{'' if len(report.warnings) == 1 else 's'}"
    if report.is_sound:
        show.line(f"{folder} is sound ({odd}).", colour="green")
        show.line(f"Publish it with: palio challenge publish {folder}")
        return
    count = len(report.findings)
    words = "1 mistake" if count == 1 else f"{count} mistakes"
    show.line(f"{folder} cannot be published: {words}, {odd}.", colour="red")


def _heads(report: PackReport) -> Iterable[tuple[str, Any]]:
    first = report.board[0]
    yield from (("public", score) for score in first.public)
    yield from (("private", score) for score in first.private)


def _show(each: errors.Finding, *, indent: str) -> None:
    """Print a finding; a hint of many lines, the end of a log, keeps its lines."""
    first, *rest = each.hint.splitlines() or [""]
    show.findings([_finding(replace(each, hint=first))], indent=indent)
    for line in rest:
        show.line(f"    {line}", dim=True)


def _finding(each: errors.Finding) -> Finding:
    return Finding(code=each.code, text=each.text, line=each.line, file=each.file, hint=each.hint)


def _document(report: PackReport) -> dict[str, object]:
    return {
        "folder": str(report.folder),
        "is_sound": report.is_sound,
        "findings": [asdict(each) for each in report.findings],
        "warnings": [asdict(each) for each in report.warnings],
        "answers": asdict(report.key) if report.key else None,
        "board": [
            {
                "label": line.label,
                "kind": str(line.kind),
                "public": {score.metric: str(score.rounded) for score in line.public},
                "private": {score.metric: str(score.rounded) for score in line.private},
            }
            for line in report.board
        ],
        "trials": [asdict(each) for each in report.trials],
    }

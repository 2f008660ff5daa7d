"""Scoring everything again, from the command line: `palio challenge rescore`."""

import json
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palio.cli.client import show
from palio.cli.client.command import Slug, challenge_in_use, command, server_and_token
from palio.cli.client.errors import ClientError

if TYPE_CHECKING:
    from palio.cli.client.rescore import Rescore, RescoreApi

Named = Annotated[str, typer.Argument(metavar="CHALLENGE", help="Its short name.")]
Seen = Annotated[
    str,
    typer.Option(metavar="TEXT", help="As `show` said it; refused when something has moved since."),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Participants will read it.")]


def register(challenge: typer.Typer) -> None:
    """Add these commands to `palio challenge`."""
    rescore = typer.Typer(
        no_args_is_help=True,
        help="Score everything again with corrected answers or metric: in shadow, then at once.",
    )
    command(rescore, "start")(start)
    command(rescore, "show")(show_set)
    command(rescore, "apply")(apply)
    command(rescore, "undo")(undo)
    command(rescore, "abandon")(abandon)
    command(rescore, "retry")(retry)
    challenge.add_typer(rescore, name="rescore")


def _organizing() -> "RescoreApi":
    from palio.cli.client.rescore import RescoreApi  # noqa: PLC0415 (slow import)

    return RescoreApi(*server_and_token())


def start(
    challenge: Named,
    *,
    reason: Reason,
    answers: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="The whole corrected solution.csv, same ids and order.",
        ),
    ] = None,
    metric: Annotated[
        Path | None,
        typer.Option(exists=True, help="Your corrected metric.py, folder metric/, or a zip of it."),
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="METRIC.KEY=VALUE", help="Such as rmse.digits=5; may be repeated."
        ),
    ] = None,
) -> object:
    """Score everything again in shadow; nothing that counts changes before `apply`."""
    if sum(bool(each) for each in (answers, metric, setting)) != 1:
        raise ClientError(
            "Say what is corrected, one thing at a time.",
            hint="Give --answers FILE, --metric PATH or --set METRIC.KEY=VALUE.",
        )
    with _organizing() as api, TemporaryDirectory() as folder:
        if answers is not None:
            found = api.start_with_file(challenge, answers, part="answers", reason=reason)
        elif metric is not None:
            path = _zipped(metric, into=Path(folder))
            found = api.start_with_file(challenge, path, part="metric", reason=reason)
        else:
            metrics = _changed(api.shown(challenge)["active"]["metrics"], setting or [])
            found = api.start_with_metrics(challenge, metrics=metrics, reason=reason)
    _print(found)
    show.line(f"What it would change: palio challenge rescore show {challenge}", dim=True)
    return found


def show_set(challenge: Slug = "") -> object:
    """Show how far the open set is and what it would change."""
    with _organizing() as api:
        found = api.shown(challenge_in_use(challenge))
    _print(found)
    show.line(f"To apply, undo or abandon exactly this: --seen {found['seen']}", dim=True)
    return found


def apply(challenge: Named, *, seen: Seen = "") -> object:
    """Let the open set count at once: boards, prizes, a message to those it touches."""
    with _organizing() as api:
        found = api.apply(challenge, seen=seen)
    _print(found)
    return found


def undo(challenge: Named, *, reason: Reason, seen: Seen = "") -> object:
    """Go back to the scores before; what came in since is scored by them first."""
    with _organizing() as api:
        found = api.undo(challenge, reason=reason, seen=seen)
    _print(found)
    return found


def abandon(challenge: Named, *, seen: Seen = "") -> object:
    """Give the open set up; nothing that counts has changed."""
    with _organizing() as api:
        found = api.abandon(challenge, seen=seen)
    _print(found)
    return found


def retry(challenge: Named) -> object:
    """Try again what of the open set failed too often by the server's fault."""
    with _organizing() as api:
        found = api.retry(challenge)
    _print(found)
    return found


def _zipped(path: Path, *, into: Path) -> Path:
    """Return a zip as the server takes it: of metric.py, or of the folder metric/."""
    if path.is_file() and zipfile.is_zipfile(path):
        return path
    target = into / "metric.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        if path.is_file():
            archive.write(path, "metric.py")
        else:
            for file in sorted(each for each in path.rglob("*") if each.is_file()):
                archive.write(file, f"metric/{file.relative_to(path).as_posix()}")
    return target


def _changed(metrics: list[dict[str, Any]], settings: list[str]) -> list[dict[str, Any]]:
    """Return the metrics with the settings of the command line."""
    by_name = {metric["name"]: metric for metric in metrics}
    for setting in settings:
        where, _, text = setting.partition("=")
        name, _, key = where.rpartition(".")
        if name not in by_name or not key or not text:
            known = ", ".join(by_name)
            raise ClientError(
                f"“{setting}” is no METRIC.KEY=VALUE.", hint=f"Metrics of this challenge: {known}."
            )
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if key == "digits":
            by_name[name]["digits"] = value
        else:
            by_name[name]["parameters"][key] = value
    return metrics


def _print(found: "Rescore") -> None:
    active, open_set, progress = found["active"], found["open"], found["progress"]
    show.line(f"Version {active['ordinal']} counts: {active['what']}.")
    if open_set is None or progress is None:
        return
    done = progress["total"] - progress["missing"]
    show.line(f"Version {open_set['ordinal']} in shadow: {open_set['what']}.")
    show.line(f"{done} of {progress['total']} submissions are scored again.")
    if progress["given_up"]:
        show.line(f"{progress['given_up']} failed by the server's fault; see retry.", colour="red")
    if progress["faults"]:
        show.line(
            f"The correction failed on {progress['faults']}: {progress['first_fault']}",
            colour="red",
        )
    if progress["without_score"]:
        show.line(f"{progress['without_score']} have no finite score under it.", colour="yellow")
    for board in (found["private"], found["public"]):
        if board is not None:
            _print_board(board)


def _print_board(board: dict[str, Any]) -> None:
    name = "Final" if board["board"] == "private" else "Public"
    show.line(f"{name} board: {len(board['rows'])} rows change, {board['unchanged']} stay.")
    for words, teams in (("to", board["entering"]), ("off", board["leaving"])):
        if teams:
            show.line(f"Comes {words} a prize place: {', '.join(teams)}.", bold=True)
    show.table(
        ["rank now>", "then>", "score now>", "then>", "team<"],
        [
            (
                _or_dash(row["rank_before"]),
                _or_dash(row["rank_after"]),
                _or_dash(row["score_before"]),
                _or_dash(row["score_after"]),
                row["name"],
            )
            for row in board["rows"]
        ],
        empty="No row changes.",
    )


def _or_dash(value: object) -> object:
    return "-" if value is None else value

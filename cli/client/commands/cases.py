"""Evidence and cases: for the people of a challenge, and for a team that is asked."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palio.cli.client import show
from palio.cli.client.command import Slug, challenge_in_use, command, server_and_token
from palio.cli.client.errors import ClientError

if TYPE_CHECKING:
    from palio.cli.client.cases import Case, CasesApi

CaseId = Annotated[str, typer.Argument(metavar="CASE", help="Its id.")]
Words = Annotated[str, typer.Option(metavar="TEXT", help="The other side reads it.")]
_APPEAL = ("appeal", "decision")


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    case = typer.Typer(no_args_is_help=True, help="Evidence, and cases that rest on it.")
    command(case, "evidence")(evidence)
    command(case, "dismiss")(dismiss)
    command(case, "list")(list_cases)
    command(case, "show")(show_case)
    command(case, "open")(open_case)
    command(case, "notify")(notify)
    command(case, "drop")(drop)
    command(case, "reply")(reply)
    command(case, "decide")(decide)
    command(case, "appeal")(appeal)
    command(case, "decide-appeal")(decide_appeal)
    app.add_typer(case, name="case", rich_help_panel="Take part")


def _api() -> "CasesApi":
    from palio.cli.client.cases import CasesApi  # noqa: PLC0415 (slow import)

    return CasesApi(*server_and_token())


def evidence(
    challenge: Slug = "",
    *,
    scan: Annotated[bool, typer.Option("--scan", help="Ask for a scan first.")] = False,
) -> object:
    """Show what scans found about the teams of your challenge: numbers and base rates."""
    slug = challenge_in_use(challenge)
    with _api() as api:
        if scan:
            api.ask_scan(slug)
        found = api.desk(slug)
    last = found["scan"]
    for note in last["notes"] if last else ():
        show.line(note, dim=True)
    is_under_way = last is not None and last["state"] in ("asked", "running")
    if is_under_way:
        show.line("A scan is under way; ask again in a minute.")
    for finding in found["findings"]:
        _show_evidence(finding["evidence"], head=f"{finding['id']} ")
        if finding["dismissed"]:
            show.line(f"  Set aside: {finding['dismissed']}", dim=True)
    if last is None:
        show.line("No scan yet: ask for one with --scan. One runs each night by itself.")
    elif not found["findings"] and last["state"] == "done":
        show.line("Nothing was found.")
    return found


def dismiss(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE", help="Its short name.")],
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Its id.")],
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Kept with the finding.")],
) -> object:
    """Set a finding aside, with the reason."""
    with _api() as api:
        found = api.dismiss(challenge, finding, words=reason)
    show.line("Set aside.")
    return found


def list_cases(challenge: Slug = "") -> object:
    """List cases: all of them for hosts, those about your team for others."""
    with _api() as api:
        found = api.cases(challenge_in_use(challenge))
    for case in found["items"]:
        due = f", until {show.time_of(case['due_at'])}" if case["due_at"] else ""
        show.line(f"{case['id']} {case['team']['name']}: {case['words']}{due}")
    if not found["items"]:
        show.line("There is no case.")
    return found


def show_case(case_id: CaseId) -> object:
    """Show a case: evidence, what happened, what it waits for."""
    with _api() as api:
        case = api.case(case_id)
    return _shown(case)


def open_case(
    challenge: Annotated[str, typer.Argument(metavar="CHALLENGE", help="Its short name.")],
    *,
    team: Annotated[str, typer.Option(help="Name or id of the team.")],
    finding: Annotated[list[str], typer.Option(metavar="ID", help="Repeat for more.")],
    words: Words,
) -> object:
    """Open a case against a team; it is not told before `palio case notify`."""
    with _api() as api:
        case = api.open_case(challenge, team=team, findings=finding, words=words)
    return _shown(case)


def notify(case_id: CaseId) -> object:
    """Tell the team: it sees the evidence, and its time to reply begins."""
    return _step(case_id, "notice")


def drop(case_id: CaseId, *, words: Words) -> object:
    """Drop a case before the team was told."""
    return _step(case_id, "withdrawal", order={"words": words})


def reply(
    case_id: CaseId,
    *,
    words: Words,
    file: Annotated[
        Path | None, typer.Option(help="You can show it later; only its SHA-256 is sent.")
    ] = None,
) -> object:
    """Reply to a case about your team."""
    order = {"words": words}
    if file is not None:
        order |= {"file_name": file.name, "file_sha256": _sha256(file)}
    return _step(case_id, "reply", order=order)


def decide(
    case_id: CaseId,
    *,
    decision: Annotated[str, typer.Option(help="no_breach, warning, exclude_entry or disqualify.")],
    reason: Annotated[str, typer.Option(metavar="CODE", help="e.g. copied, private_sharing.")] = "",
    words: Words,
) -> object:
    """Decide a case; a disqualification takes effect at once."""
    order = {"decision": decision, "reason": reason or None, "words": words}
    return _step(case_id, "decision", order=order)


def appeal(case_id: CaseId, *, words: Words) -> object:
    """Appeal against a decision about your team."""
    return _step(case_id, "appeal", order={"words": words})


def decide_appeal(
    case_id: CaseId,
    *,
    won: Annotated[bool, typer.Option("--won/--lost", help="How it ends.")],
    words: Words,
) -> object:
    """Decide an appeal, as somebody else than who decided."""
    return _step(case_id, *_APPEAL, order={"is_won": won, "words": words})


def _step(case_id: str, *step: str, order: dict[str, Any] | None = None) -> object:
    with _api() as api:
        case = api.step(case_id, *step, order=order)
    show.line(case["words"])
    if case["due_at"]:
        show.line(f"Until {show.time_of(case['due_at'])}.")
    return case


def _shown(case: "Case") -> object:
    show.line(f"Case {case['id']} about {case['team']['name']}: {case['words']}", bold=True)
    if case["due_at"]:
        show.line(f"The clock runs out {show.time_of(case['due_at'])}.")
    for found in case["evidence"]:
        _show_evidence(found)
    for step in case["steps"]:
        show.line(f"{show.time_of(step['at'])} {step['kind']} by {step['by']}")
        if step["words"]:
            show.line(f"  {step['words']}")
    return case


def _show_evidence(found: dict[str, Any], *, head: str = "") -> None:
    teams = " and ".join(team["name"] for team in found["teams"])
    show.line(f"{head}{found['kind']} ({found['strength']}): {teams}")
    for sentence in found["words"]:
        show.line(f"  {sentence}")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ClientError(f"{path} cannot be read: {error.strerror}.") from error

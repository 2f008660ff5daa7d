"""How a submission's way is shown in a terminal: its stages, its runs, the log of the smoke run."""

from typing import Any

from palio.cli.client import show
from palio.cli.client.answers import Submission

LOG_LINES = 60
LOG_COLUMNS = 400
_TITLES = {
    "received": "received",
    "intake": "intake",
    "smoke": "smoke run",
    "hidden": "hidden run",
    "scoring": "scoring",
}
_COLOURS = {"done": "green", "running": "yellow", "failed": "red"}


def now_at(submission: Submission) -> str:
    """Say in one line where a submission stands."""
    for stage in submission.get("stages", []):
        if stage["state"] in ("running", "waiting") and submission.get("delivery") != "predictions":
            return f"{_TITLES.get(stage['name'], stage['name'])}: {submission['status']}"
    return submission["status"]


def tell(submission: Submission, *, has_log: bool) -> None:
    """Print the stages of a program's way, its runs, and the log where it helps or is wanted."""
    if submission.get("delivery", "predictions") == "predictions":
        return
    runs = submission.get("runs") or {}
    for stage in submission.get("stages", []):
        title = _TITLES.get(stage["name"], stage["name"])
        facts = _run_facts(runs.get(stage["name"]))
        text = f"  {title:<11} {stage['state']}{f', {facts}' if facts else ''}"
        show.line(text, colour=_COLOURS.get(stage["state"], ""))
    smoke = runs.get("smoke")
    if smoke and smoke.get("outcome"):
        if smoke["outcome"] != "finished":
            show.line(smoke["hint"])  # what happened is the reason of the refusal, told before
        if has_log or smoke["outcome"] != "finished":
            _tell_log(smoke, is_whole=has_log)


def _run_facts(run: dict[str, Any] | None) -> str:
    if not run or not run.get("outcome"):
        return ""
    code = run.get("exit_code")
    parts = (
        run["outcome"],
        f"exit code {code}" if code is not None else "",
        f"{round(run['wall_seconds'], 2):g} s",
        show.size_of(run["peak_memory_bytes"]),
    )
    return ", ".join(part for part in parts if part)


def _tell_log(run: dict[str, Any], *, is_whole: bool) -> None:
    lines = run["log"].splitlines()
    if not lines:
        show.line("It wrote nothing in the smoke run.", dim=True)
        return
    shown = lines if is_whole else [_cut(line) for line in lines[-LOG_LINES:]]
    is_cut = run["is_log_cut"] or len(shown) < len(lines)
    show.line(f"What it wrote in the smoke run{', the end of it' if is_cut else ''}:", bold=True)
    for line in shown:
        show.line(f"  | {line}")


def _cut(line: str) -> str:
    return line if len(line) <= LOG_COLUMNS else f"{line[:LOG_COLUMNS]}…"

"""What people see: tables at 80 columns, tab-separated lines in a pipe, one red error line."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from palio.cli.client.answers import Finding

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)

STATES = {
    "open": "green",
    "scored": "green",
    "running": "yellow",
    "received": "yellow",
    "scheduled": "cyan",
    "refused": "red",
    "failed": "red",
    "errored": "red",
}


def set_quiet(*, quiet: bool) -> None:
    """Let only `document` and `error` through (--json)."""
    _quiet.set(quiet)


def out() -> Console:
    """Return standard output; says nothing with --json."""
    return Console(quiet=_quiet.get(), highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """Return standard error."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def document(value: object) -> None:
    """Print the one JSON document of a command."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def clean(value: object) -> str:
    """Return text that cannot move the cursor or colour the terminal: others wrote it."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)


def line(text: str = "", *, style: str = "") -> None:
    """Print one line."""
    out().print(Text(clean(text), style=style))


def block(text: str) -> None:
    """Print lines as they stand."""
    for each in text.splitlines():
        line(each)


def markdown(text: str) -> None:
    """Print Markdown, laid out on a terminal and as it is in a pipe."""
    if not out().is_terminal:
        block(text)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 (slow import)

    out().print(Markdown("\n".join(clean(each) for each in text.splitlines())))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = "") -> None:
    """Print a table; a column whose name ends in ``>`` is flush right, in ``<`` may be cut short.

    In a pipe: tab-separated lines, names first, nothing cut.
    """
    names = [name.rstrip("<>") for name in columns]
    if not out().is_terminal:
        for row in (names, *rows):
            line("\t".join(clean(cell) for cell in row).rstrip("\n"))
        return
    if not rows:
        line(empty or "Nothing here yet.", style="dim")
        return
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column, name in zip(columns, names, strict=True):
        grid.add_column(
            name,
            justify="right" if column.endswith(">") else "left",
            no_wrap=not column.endswith("<"),
            overflow="ellipsis" if column.endswith("<") else "fold",
        )
    for row in rows:
        grid.add_row(*(Text(clean(cell), style=STATES.get(str(cell), "")) for cell in row))
    out().print(grid)


def facts(pairs: Sequence[tuple[str, object]]) -> None:
    """Print name-value lines, leaving out what has no value."""
    shown = [(name, clean(value)) for name, value in pairs if value not in (None, "")]
    if not out().is_terminal:
        for name, value in shown:
            line(f"{name}\t{value}")
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in shown:
        grid.add_row(name, Text(value, style=STATES.get(value, "")))
    out().print(grid)


def findings(items: Sequence[Finding], *, to: Console | None = None) -> None:
    """Print what is wrong with a file, one fault a line: place, code, words, then the hint."""
    console = to or out()
    for item in items:
        number = item.get("line")
        place = ":".join(
            part for part in (clean(item.get("file")), str(number) if number else "") if part
        )
        if place and not item.get("file"):
            place = f"line {number}"
        start = f"{place}: " if place else ""
        console.print(
            Text.assemble("  ", (start, "bold"), f"{clean(item['code'])}: ", clean(item["text"]))
        )
        if item.get("hint"):
            console.print(Text(f"    {clean(item['hint'])}", style="dim"))


def error(detail: str, *, hint: str = "", findings: Sequence[Finding] = ()) -> None:
    """Print an error on standard error: one red line, its faults, what to do."""
    err().print(Text(f"error: {clean(detail)}", style="red"))
    globals()["findings"](findings, to=err())
    if hint:
        err().print(Text(f"  {clean(hint)}"))


def time_of(text: str | None) -> str:
    """Return an ISO time as people read it, in UTC."""
    if not text:
        return ""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC".replace(":00 UTC", " UTC")


def until(text: str, now: str) -> str:
    """Return how far away an ISO time is: ``in 3 days 2 h``, ``4 min ago``."""
    away = datetime.fromisoformat(text) - datetime.fromisoformat(now)
    words = span(abs(away))
    return f"in {words}" if away > timedelta() else f"{words} ago"


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units."""
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} day{'s' if days > 1 else ''}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def size_of(count: int) -> str:
    """Return a size in bytes as people read it."""
    if count < 1024:  # noqa: PLR2004 (bytes in a KiB)
        return f"{count} B"
    size, unit = count / 1024, "KiB"
    for unit_above in ("MiB", "GiB", "TiB"):
        if size < 1000:  # noqa: PLR2004 (four digits are hard to read)
            break
        size, unit = size / 1024, unit_above
    return f"{size:.1f} {unit}"


@contextmanager
def transfer(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar with speed and time left on standard error, on a terminal only."""
    console = err()
    if _quiet.get() or not console.is_terminal:
        yield lambda _done, _total: None
        return
    from rich import progress  # noqa: PLC0415 (slow import)

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=20),
        progress.DownloadColumn(binary_units=True),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(clean(what))
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """Show a line that changes on a terminal, and each new line once elsewhere (standard error)."""
    console = err()
    if _quiet.get():
        yield lambda _text: None
    elif console.is_terminal:
        with console.status("") as spinner:
            yield lambda text: spinner.update(Text(clean(text)))
    else:
        seen: list[str] = []

        def tell(text: str) -> None:
            if seen[-1:] != [text]:
                seen[:] = [text]
                console.print(Text(clean(text)))

        yield tell

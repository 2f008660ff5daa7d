"""What people see: tables at 80 columns, tab-separated lines in a pipe, one red error line."""

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

import typer

from palio.cli.client import config
from palio.cli.client.answers import Finding

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)

BAR_FROM_BYTES = 2**20
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


@contextmanager
def quiet(*, is_quiet: bool) -> Iterator[None]:
    """Let only `document` and errors through while the block runs (--json), or everything."""
    before = _quiet.set(is_quiet)
    try:
        yield
    finally:
        _quiet.reset(before)


def document(value: object) -> None:
    """Print the one JSON document of a command."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def clean(value: object) -> str:
    """Return text that cannot move the cursor or colour the terminal: others wrote it."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)


def line(text: str = "", *, colour: str = "", bold: bool = False, dim: bool = False) -> None:
    """Print one line."""
    if not _quiet.get():
        _write(sys.stdout, _styled(clean(text), colour=colour, bold=bold, dim=dim))


def hanging(start: str, text: str, *, colour: str = "") -> None:
    """Print a text behind its start; on a terminal its further lines stand below its first."""
    words = clean(text)
    if is_terminal():
        # words stay whole: they may be paths and commands
        words = textwrap.fill(
            words,
            shutil.get_terminal_size().columns,
            initial_indent=" " * len(start),
            subsequent_indent=" " * len(start),
            break_long_words=False,
            break_on_hyphens=False,
        )[len(start) :]
    if not _quiet.get():
        _write(sys.stdout, _styled(start, colour=colour) + words)


def paragraph(text: str) -> None:
    """Print a long sentence, broken between words on a terminal."""
    if is_terminal():
        text = textwrap.fill(clean(text), shutil.get_terminal_size().columns)
    if not _quiet.get():
        _write(sys.stdout, _styled(text, dim=True))


def markdown(text: str) -> None:
    """Print Markdown, laid out on a terminal and as it is in a pipe."""
    if not is_terminal():
        for each in text.splitlines():
            line(each)
        return
    from rich.markdown import Markdown  # noqa: PLC0415 (slow import)

    _console().print(Markdown("\n".join(clean(each) for each in text.splitlines())))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str = "") -> None:
    """Print a table; a column whose name ends in ``>`` is flush right, in ``<`` may be cut short.

    In a pipe: tab-separated lines, names first, nothing cut. Without rows the words `empty` are
    said instead; in a pipe on standard error, where no program takes them for a row.
    """
    names = [name.rstrip("<>") for name in columns]
    nothing = empty or "Nothing here yet."
    if not is_terminal():
        for row in (names, *rows):
            _tabbed(*row)
        if not rows and not _quiet.get():
            _write(sys.stderr, nothing)
        return
    if not rows:
        line(nothing, dim=True)
        return
    from rich import box, table, text  # noqa: PLC0415 (slow import)

    grid = table.Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, collapse_padding=True)
    for number, (column, name) in enumerate(zip(columns, names, strict=True)):
        may_be_cut = column.endswith("<")
        grid.add_column(
            name,
            justify="right" if column.endswith(">") else "left",
            no_wrap=not may_be_cut,
            min_width=None if may_be_cut else _widest(name, rows, number),
        )
    for row in rows:
        cells = (text.Text(clean(cell), style=STATES.get(str(cell), "")) for cell in row)
        grid.add_row(*(_cut(cell) for cell in cells))
    _console().print(grid)


def _cut(cell: "Text") -> "Text":
    cell.no_wrap, cell.overflow = True, "ellipsis"
    return cell


def _widest(name: str, rows: Sequence[Sequence[object]], column: int) -> int:
    return max(len(name), *(len(clean(row[column])) for row in rows))


def facts(pairs: Sequence[tuple[str, object]]) -> None:
    """Print name-value lines, leaving out what has no value."""
    shown = [(name, clean(value)) for name, value in pairs if value not in (None, "")]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        if is_terminal():
            start = _styled(name.ljust(width), dim=True)
            _write(sys.stdout, f"{start}  {_styled(value, colour=STATES.get(value, ''))}")
        else:
            _tabbed(name, value)


def _tabbed(*cells: object) -> None:
    if not _quiet.get():
        _write(sys.stdout, "\t".join(clean(cell) for cell in cells))


def findings(items: Sequence[Finding], *, indent: str = "  ", file: TextIO | None = None) -> None:
    """Print what is wrong with a file, one fault a line: place, code, words, then the hint."""
    if file is None and _quiet.get():
        return
    for item in items:
        place = _styled(place_of(item), bold=True)
        _write(file or sys.stdout, f"{indent}{place}{clean(item['code'])}: {clean(item['text'])}")
        if hint := item.get("hint"):
            _write(file or sys.stdout, _styled(f"    {clean(hint)}", dim=True))


def place_of(item: Finding) -> str:
    """Return where a fault is, as ``challenge.toml:7: `` or ``line 7: ``; empty = everywhere."""
    file, number = clean(item.get("file")), item.get("line")
    if file:
        return f"{file}:{number}: " if number else f"{file}: "
    says_so_itself = item["text"].startswith(f"Line {number}")
    return f"line {number}: " if number and not says_so_itself else ""


def error(detail: str, *, hint: str = "", faults: Sequence[Finding] = ()) -> None:
    """Print an error on standard error: one red line, its faults, what to do."""
    _write(sys.stderr, _styled(f"error: {clean(detail)}", colour="red"))
    findings(faults, file=sys.stderr)
    if hint:
        _write(sys.stderr, f"  {clean(hint)}")


def is_terminal() -> bool:
    """Tell whether a person reads standard output."""
    return sys.stdout.isatty() and not _quiet.get()


def _styled(text: str, *, colour: str = "", bold: bool = False, dim: bool = False) -> str:
    return typer.style(text, fg=colour or None, bold=bold or None, dim=dim or None)


def _write(file: TextIO, text: str) -> None:
    # typer takes the colours out when the file is no terminal
    typer.echo(text, file=file, color=None if config.is_colour_wanted() else False)


def _console(*, stderr: bool = False) -> "Console":
    from rich.console import Console  # noqa: PLC0415 (slow import)

    return Console(stderr=stderr, highlight=False)


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
    return f"{f'{size:.1f}'.removesuffix('.0')} {unit}"


@contextmanager
def transfer(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar with speed and time left on standard error, on a terminal only.

    What is over in a blink gets no bar.
    """
    if _quiet.get() or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich import progress  # noqa: PLC0415 (slow import)

    bars = progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=20),
        progress.DownloadColumn(binary_units=True),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        console=_console(stderr=True),
        transient=True,
    )
    task = bars.add_task(clean(what))

    def tell(done: int, total: int) -> None:
        if total >= BAR_FROM_BYTES:
            bars.start()
            bars.update(task, completed=done, total=total)

    try:
        yield tell
    finally:
        bars.stop()


@contextmanager
def waiting() -> Iterator[Callable[[str], None]]:
    """Show a line that changes on a terminal, and each new line once elsewhere (standard error)."""
    if _quiet.get():
        yield lambda _text: None
    elif sys.stderr.isatty():
        with _console(stderr=True).status("") as spinner:
            yield lambda text: spinner.update(clean(text).replace("[", "\\["))
    else:
        seen: list[str] = []

        def tell(text: str) -> None:
            if seen[-1:] != [text]:
                seen[:] = [text]
                _write(sys.stderr, clean(text))

        yield tell

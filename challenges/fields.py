"""Reads declared keys out of a TOML table and collects every fault with its line and a hint."""

import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from palio.challenges.toml_lines import KeyPath
from palio.core.errors import Finding

E = TypeVar("E", bound=StrEnum)

_TEXT_MOST = 600
_LARGEST_NUMBER = sys.float_info.max
_FIRST_YEAR, _LAST_YEAR = 1970, 2999  # no challenge; and its times still have room for zones
_SIZE = re.compile(r"([1-9][0-9]{0,14}) ?(B|kB|KiB|MB|MiB|GB|GiB)")
_UNITS = {"B": 1, "kB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # stands in for a time that was faulty
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"),
    (str, "a text"),
    (int, "a whole number"),
    (float, "a number"),
    (datetime, "a time"),
    (date, "a date"),
    (time, "a time of day"),
    (list, "a list"),
    (dict, "a table"),
)


class Faults:
    """Everything found wrong with one TOML file.

    Args:
        file: Its name inside the challenge folder.
        lines: Line of each key, see `toml_lines.lines_of`.

    Attributes:
        findings: Faults in the order found.
        warnings: What works, and is likely not meant so.
        known: Every key that was read, e.g. ``submission.targets[].name``.

    """

    def __init__(self, file: str, lines: Mapping[KeyPath, int]) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self.known: set[str] = set()
        self._lines = lines
        self._paths: set[KeyPath] = set()

    def add(self, code: str, path: KeyPath, text: str, *, hint: str = "") -> None:
        """Note a fault of the key at `path`; a missing key has the line of its table."""
        self._paths.add(path)
        self.findings.append(self._finding(code, path, text, hint))

    def warn(self, code: str, path: KeyPath, text: str, *, hint: str = "") -> None:
        """Note something that is allowed and doubtful."""
        self.warnings.append(self._finding(code, path, text, hint))

    def is_sound(self, *paths: KeyPath) -> bool:
        """Tell whether no fault was noted at or below any of these paths."""
        return not any(found[: len(path)] == path for path in paths for found in self._paths)

    def _finding(self, code: str, path: KeyPath, text: str, hint: str) -> Finding:
        known = path
        while known not in self._lines:
            known = known[:-1]
        return Finding(
            code=code,
            text=printable(text if len(text) <= _TEXT_MOST else text[:_TEXT_MOST] + "…"),
            line=self._lines[known],
            file=self.file,
            hint=printable(hint),
        )


class Section:
    """One table of the file. Readers return a stand-in of the right type after noting a fault."""

    def __init__(self, table: Mapping[str, Any], path: KeyPath, faults: Faults) -> None:
        self.table = table
        self.path = path
        self.faults = faults
        self._asked: list[str] = []

    def text(self, key: str, *, default: str | None = None, most: int = 200) -> str:
        """Read a text of one line; needed without a default, blank where `""` is the default."""
        value = self._take(key, is_required=default is None)
        if value is None:
            return default or ""
        if not self._is(key, value, str, hint=f'Write {key} = "…" in quotes.'):
            return ""
        if not value.strip() and default != "":
            self.fault("value:empty", key, f"`{key}` is empty.")
        elif len(value) > most:
            self.fault("value:long", key, f"`{key}` has {len(value)} characters; at most {most}.")
        elif not value.isprintable():
            self.fault("value:control", key, f"`{key}` must be one line of printable characters.")
        return str(value).strip()

    def whole(self, key: str, *, default: int | None = None, least: int, most: int) -> int:
        """Read a whole number from `least` to `most`; without a default it must be there."""
        value = self._take(key, is_required=default is None)
        if value is None:
            return least if default is None else default
        if not self._is(key, value, int, hint=f"Write a number without quotes: {key} = {least}"):
            return least
        if not least <= value <= most:
            text = f"`{key}` is {_shown(value)}; it must be from {least:,} to {most:,}."
            self.fault("value:range", key, text)
        return int(value)

    def optional_whole(self, key: str, *, least: int, most: int) -> int | None:
        """Read a whole number that may be left out."""
        if self._take(key) is None:
            return None
        return self.whole(key, least=least, most=most)

    def number(self, key: str) -> float | None:
        """Read a finite number that may be left out."""
        value = self._take(key)
        if value is None or not self._is(key, value, (int, float), hint="Write it without quotes."):
            return None
        if not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:  # NaN is not either
            self.fault("value:range", key, f"`{key}` must be a finite number.")
            return None
        return float(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Read true or false."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        text = f"`{key}` must be true or false, not {_described(value)}."
        self.fault("value:type", key, text, hint=f"Write it without quotes: {key} = true")
        return default

    def decimal(self, key: str, *, least: Decimal, most: Decimal) -> Decimal | None:
        """Read a decimal number that may be left out, as it is written."""
        value = self.number(key)
        if value is None:
            return None
        exact = Decimal(repr(self.table[key]))
        if not least <= exact <= most:
            text = f"`{key}` is {exact}; it must be from {least} to {most}."
            self.fault("value:range", key, text)
            return None
        return exact

    def size(self, key: str, *, default: int, least: int = 1, most: int = 2**40) -> int:
        """Read a number of bytes: a whole number, or a text such as ``"100 MiB"``."""
        value = self._take(key)
        if not isinstance(value, str):
            return self.whole(key, default=default, least=least, most=most)
        match = _SIZE.fullmatch(value)
        if match is None:
            text = f"`{key}` {_shown(value)} is not a size."
            self.fault("value:size", key, text, hint='For example "100 MiB".')
            return default
        size = int(match[1]) * _UNITS[match[2]]
        if not least <= size <= most:
            text = f"`{key}` is {_shown(value)}; it must be from {least:,} to {most:,} bytes."
            self.fault("value:range", key, text)
            return default
        return size

    def choice(self, key: str, kind: type[E], *, default: E, is_required: bool = False) -> E:
        """Read one of the values of an enumeration."""
        value = self._take(key, is_required=is_required, hint=f"One of {', '.join(kind)}.")
        if value is None:
            return default
        return self._one_of(key, (*self.path, key), value, kind) or default

    def choices(self, key: str, kind: type[E], *, default: tuple[E, ...]) -> tuple[E, ...]:
        """Read a list of different values of an enumeration."""
        values = self._list(key)
        if values is None:
            return default
        found = [
            self._one_of(key, (*self.path, key, place), value, kind)
            for place, value in enumerate(values)
        ]
        self._check_twice(key, values)
        return tuple(value for value in found if value is not None)

    def texts(self, key: str) -> tuple[str, ...]:
        """Read a list of different non-empty texts; left out means none."""
        values = self._list(key) or []
        for place, value in enumerate(values):
            if not isinstance(value, str) or not value.strip() or not value.isprintable():
                path = (*self.path, key, place)
                wanted = "must be one line of text, not"
                text = f"Item {place + 1} of `{key}` {wanted} {_described(value)}."
                self.faults.add("value:type", path, text, hint='For example ["one", "two"].')
        self._check_twice(key, values)
        return tuple(str(value) for value in values)

    def instant(self, key: str) -> datetime:
        """Read a time that must be there."""
        self._take(key, is_required=True, hint=f"For example {key} = 2026-11-22T00:00:00Z")
        return self.optional_instant(key) or EPOCH

    def optional_instant(self, key: str) -> datetime | None:
        """Read a time with its offset from UTC; local times are refused, never guessed at."""
        value = self._take(key)
        if value is None:
            return None
        if isinstance(value, datetime) and not _FIRST_YEAR <= value.year <= _LAST_YEAR:
            text = f"`{key}` is in the year {value.year}."
            self.fault("value:range", key, text, hint="Write the year with four digits.")
        elif isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        elif isinstance(value, datetime):
            self.fault(
                "time:no_zone",
                key,
                f"`{key}` does not say in which zone {value} is.",
                hint=f"Add Z for UTC: {value.isoformat()}Z, or an offset such as +02:00.",
            )
        elif isinstance(value, date):
            self.fault(
                "time:date_only",
                key,
                f"`{key}` is a date without a time of day.",
                hint=f"Write the instant: {value.isoformat()}T00:00:00Z",
            )
        else:
            self.fault(
                "value:type",
                key,
                f"`{key}` must be a time, not {_described(value)}.",
                hint=f"Write it without quotes: {key} = 2026-11-22T00:00:00Z",
            )
        return EPOCH

    def instants(self, key: str) -> tuple[datetime, ...]:
        """Read a list of times, each with its offset from UTC and later than the one before."""
        found: list[datetime] = []
        for place, value in enumerate(self._list(key) or []):
            is_zoned = isinstance(value, datetime) and value.tzinfo is not None
            if isinstance(value, datetime) and is_zoned and _is_year(value):
                found.append(value.astimezone(UTC))
                continue
            text = f"Item {place + 1} of `{key}` must be a time with its zone."
            hint = f"For example {key} = [2026-11-22T00:00:00Z]"
            self.faults.add("value:type", (*self.path, key, place), text, hint=hint)
        if any(after <= before for before, after in pairwise(found)):
            self.fault("time:order", key, f"The times of `{key}` must be in order.")
        return tuple(found)

    def section(self, key: str, *, is_required: bool = False) -> "Section | None":
        """Read a table; None when it is not there."""
        value = self._take(key, is_required=is_required, hint=f"Add [{key}].")
        if value is None or not self._is(key, value, dict, hint=f"Write [{key}] above its keys."):
            return None
        return Section(value, (*self.path, key), self.faults)

    def sections(self, key: str, *, is_required: bool = False) -> "list[Section]":
        """Read an array of tables."""
        name = ".".join(str(part) for part in (*self.path, key) if isinstance(part, str))
        hint = f"Write [[{name}]] with double brackets above its keys."
        value = self._take(key, is_required=is_required, hint=f"Add [[{name}]].")
        if value is None or not self._is(key, value, list, hint=hint):
            return []
        if not value and is_required:
            self.fault("value:empty", key, f"`{key}` is empty.", hint=f"Add [[{name}]].")
        for place, item in enumerate(value):
            if not isinstance(item, dict):
                path = (*self.path, key, place)
                self.faults.add("value:type", path, f"`{key}` must hold tables.", hint=hint)
        return [
            Section(item, (*self.path, key, place), self.faults)
            for place, item in enumerate(value)
            if isinstance(item, dict)
        ]

    def rest(self) -> dict[str, Any]:
        """Return the keys not asked for, where a table takes free ones."""
        return {key: value for key, value in self.table.items() if key not in self._asked}

    def close(self) -> None:
        """Note every key nobody asked for."""
        for key in self.rest():
            near = get_close_matches(key.lower(), self._asked, n=1)
            hint = f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(self._asked)}."
            self.fault("key:unknown", key, f"There is no key `{key}` here.", hint=hint)

    def raw(self, key: str, *, is_required: bool = False, hint: str = "") -> Any:  # noqa: ANN401 (any TOML value)
        """Return a value as it stands, None when it is not there."""
        return self._take(key, is_required=is_required, hint=hint)

    def fault(self, code: str, key: str, text: str, *, hint: str = "") -> None:
        """Note a fault of one key of this table."""
        self.faults.add(code, (*self.path, key), text, hint=hint)

    def is_sound(self, *keys: str) -> bool:
        """Tell whether no fault was noted for these keys."""
        return self.faults.is_sound(*((*self.path, key) for key in keys))

    def _take(self, key: str, *, is_required: bool = False, hint: str = "") -> Any:  # noqa: ANN401 (any TOML value)
        if key not in self._asked:
            self._asked.append(key)
            names = (f"{part}" if isinstance(part, str) else "[]" for part in (*self.path, key))
            self.faults.known.add(".".join(names).replace(".[]", "[]"))
        if is_required and key not in self.table:
            self.fault("key:missing", key, f"`{key}` is missing.", hint=hint)
        return self.table.get(key)

    def _list(self, key: str) -> list[Any] | None:
        value = self._take(key)
        if value is None or not self._is(key, value, list, hint=f"Write {key} = [ … ]."):
            return None
        return list(value)

    def _check_twice(self, key: str, values: list[Any]) -> None:
        for place, value in enumerate(values):
            if value in values[:place]:
                path = (*self.path, key, place)
                self.faults.add("value:twice", path, f"{_shown(value)} is in `{key}` twice.")

    def _one_of(self, key: str, path: KeyPath, value: object, kind: type[E]) -> E | None:
        names = [item.value for item in kind]
        if value in names:
            return kind(value)
        text = f"`{key}` must be one of {', '.join(names)}; it is {_shown(value)}."
        self.faults.add("value:choice", path, text, hint=did_you_mean(str(value), names))
        return None

    def _is(self, key: str, value: object, kind: type | tuple[type, ...], *, hint: str) -> bool:
        if isinstance(value, kind) and not isinstance(value, bool):
            return True
        wanted = _kind_in_words(kind if isinstance(kind, type) else kind[-1])
        self.fault(
            "value:type", key, f"`{key}` must be {wanted}, not {_described(value)}.", hint=hint
        )
        return False


def _is_year(value: datetime) -> bool:
    return _FIRST_YEAR <= value.year <= _LAST_YEAR


def printable(text: str) -> str:
    """Escape what could steer a terminal: names and values in a message are the host's own."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question naming the nearest known word, empty when none is near."""
    by_lower = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, n=1)
    return f'Did you mean "{by_lower[near[0]]}"?' if near else ""


def _kind_in_words(kind: type) -> str:
    return next(words for known, words in _KINDS if issubclass(kind, known))


def _described(value: object) -> str:
    kind = _kind_in_words(type(value))
    return kind if isinstance(value, (list, dict)) else f"{kind} {_shown(value)}"


def _shown(value: object) -> str:
    if isinstance(value, (list, dict)):
        return _kind_in_words(type(value))
    shown = str(value)
    short = shown if len(shown) <= 40 else shown[:37] + "…"  # noqa: PLR2004 (fits a line)
    return f'"{short}"' if isinstance(value, str) else short

"""Times and sizes in words, for pages and messages."""

from datetime import UTC, datetime, timedelta

_KIBI = 1024


def utc(at: datetime) -> str:
    """Return e.g. ``2026-11-22 03:31:26 UTC``."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def machine(at: datetime) -> str:
    """Return the value of a ``datetime`` attribute (RFC 3339, UTC)."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units, e.g. ``3 days 4 hours``."""
    seconds = max(int(length.total_seconds()), 0)
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    parts: list[str] = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count or parts:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}" if count else "")
    words = [part for part in parts[:2] if part]
    return " ".join(words) or "0 seconds"


def until(at: datetime, *, now: datetime) -> str:
    """Return ``in 3 days 4 hours`` or ``2 minutes ago``."""
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def size(count: int) -> str:
    """Return e.g. ``1.5 MiB`` or ``2 GiB``."""
    value = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < _KIBI or unit == "GiB":
            words = f"{value:,.1f}".removesuffix(".0")
            return f"{count:,} bytes" if unit == "bytes" else f"{words} {unit}"
        value /= _KIBI
    raise AssertionError("the last unit always answers")


def seconds(count: float) -> str:
    """Return a limit of time, e.g. ``10 minutes``."""
    return span(timedelta(seconds=count))


def number(value: float) -> str:
    """Return e.g. ``2`` or ``1.5``."""
    return f"{value:g}"

"""How a file that cannot be scored is refused: with findings, never with a score."""

from palio.core.errors import Finding

MOST_FINDINGS = 10
_ASTRAL = 0x10000


class PredictionsRefusedError(Exception):
    """A prediction file is refused.

    Args:
        findings: What is wrong, in order of line where there is one; at least one. More than
            `MOST_FINDINGS` are cut and counted by a last one with code ``more``.
        unlisted: Faults found besides `findings`.

    """

    def __init__(self, findings: tuple[Finding, ...], *, unlisted: int = 0) -> None:
        self.findings = shorten(findings, most=MOST_FINDINGS, unlisted=unlisted)
        super().__init__(self.findings[0].text)


class SolutionRefusedError(Exception):
    """An answer file cannot be compiled; `findings` holds up to 50 faults in order of line."""

    def __init__(self, findings: tuple[Finding, ...], *, unlisted: int = 0) -> None:
        self.findings = shorten(findings, most=50, unlisted=unlisted)
        super().__init__(self.findings[0].text)


def refused(code: str, text: str, *, line: int | None = None) -> PredictionsRefusedError:
    """Give the refusal for one fault that stops the reading."""
    return PredictionsRefusedError((Finding(code=code, text=text, line=line),))


def shorten(findings: tuple[Finding, ...], *, most: int, unlisted: int) -> tuple[Finding, ...]:
    """Keep at most `most` findings; the last then says how many were left out."""
    if len(findings) + unlisted <= most:
        return findings
    kept = findings[: most - 1]
    left = len(findings) + unlisted - len(kept)
    return (*kept, Finding(code="more", text=f"... and {left:,} more."))


def shown(value: str, *, most: int = 40) -> str:
    """Quote a value from the file for a message: plain ASCII, no markup, at most `most` characters.

    Everything but plain printable ASCII is escaped, so that neither a terminal nor a page nor a
    log line can be steered by a prediction file.
    """
    short = value if len(value) <= most else value[: most - 3] + "..."
    return "'" + "".join(c if _is_plain(c) else _escaped(c) for c in short) + "'"


def _is_plain(character: str) -> bool:
    return " " <= character <= "~" and character not in "<>&\\'"


def _escaped(character: str) -> str:
    point = ord(character)
    if character in "\\'":
        return "\\" + character
    return f"\\u{point:04x}" if point < _ASTRAL else f"\\U{point:08x}"

"""What one written value means: the number grammar, labels, item lists, and the words for faults.

Numbers: ASCII only, optional sign, digits with an optional decimal point (``.5`` and ``5.`` are
numbers), optional exponent. The double nearest to the decimal is taken (ties to even); one that
underflows is 0, one that overflows is refused, and -0 becomes 0.
"""

import math
import re

from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.refusal import shown

NUMBER_PATTERN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = re.compile(NUMBER_PATTERN)
LARGEST_WHOLE = 2**53  # beyond it a double no longer holds every whole number

_ABSENT = re.compile(
    r"[+-]?(nan|inf|infinity|1\.#(inf|ind|qnan|snan))|#?na|#?n/a|#n/a n/a|<na>|nat|null|none|nil"
    r"|nul",
    re.IGNORECASE,
)
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F.]+([pP][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9][0-9.,]*,[0-9.,]*([eE][+-]?[0-9]+)?|[+-]?,[0-9]+")
_FORMULA = re.compile(
    rf"[=@]|(?![+-]?[0-9.])[+-].*[0-9A-Za-z]|(?=[+-]){NUMBER_PATTERN}[-+*/^&|(!<=>]+[^-+*/^&|(!<=>]"
)
_PERCENT = re.compile(rf"{NUMBER_PATTERN} ?%")


class ValueFaultError(Exception):
    """A written value that cannot be taken; `text` goes after "Line 5: "."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def read_number(text: str, *, column: TargetColumn, max_chars: int) -> float:
    """Read a REAL or INTEGER value.

    Raises:
        ValueFaultError: It is no number, not finite, not whole, too long or out of range.

    """
    if len(text) > max_chars:
        raise ValueFaultError(
            "value:too_long", f"the value has {len(text)} characters; at most {max_chars}."
        )
    if not NUMBER.fullmatch(text):
        raise number_fault(text)
    value = float(text) + 0.0  # -0.0 + 0.0 is 0.0
    if not math.isfinite(value):
        raise ValueFaultError(
            "value:not_finite", f"the value {shown(text)} is not a finite number."
        )
    if column.kind is TargetKind.INTEGER and value != math.floor(value):
        raise ValueFaultError("value:not_whole", f"the value {shown(text)} is not a whole number.")
    low, high = bounds(column)
    if not low <= value <= high:
        raise ValueFaultError("value:range", f"the value {shown(text)} is {_outside(column)}.")
    return value


def bounds(column: TargetColumn) -> tuple[float, float]:
    """Give the smallest and the largest value a numeric column takes."""
    widest = float(LARGEST_WHOLE) if column.kind is TargetKind.INTEGER else math.inf
    low = -widest if column.minimum is None else max(column.minimum, -widest)
    high = widest if column.maximum is None else min(column.maximum, widest)
    return low, high


def number_fault(text: str) -> ValueFaultError:
    """Say why `text`, which is not a number, is none."""
    code, words = _number_fault(text)
    return ValueFaultError(code, words)


def _number_fault(text: str) -> tuple[str, str]:
    if text == "":
        return "value:empty", "the value is empty."
    said = f"the value {shown(text)}"
    if text != text.strip():
        return "value:space", f"{said} has spaces around it."
    for pattern, code, words in _SHAPES:
        if pattern.fullmatch(text):
            return code, f"{said} {words}"
    if _FORMULA.match(text):
        return "value:formula", f"{said} is a spreadsheet formula, not a number."
    return "value:not_number", f"{said} is not a number."


_SHAPES = (
    (_ABSENT, "value:not_finite", "is not a finite number."),
    (_HEX, "value:hex", "is hexadecimal; write a decimal number."),
    (_COMMA, "value:comma", "has a comma; use a decimal point and no thousands separator."),
    (_PERCENT, "value:percent", "is a percentage; write a plain number."),
)


def _outside(column: TargetColumn) -> str:
    low, high = bounds(column)
    if math.isinf(high):
        return f"below {low:.17g}"
    if math.isinf(low):
        return f"above {high:.17g}"
    return f"outside {low:.17g}..{high:.17g}"


def read_label(text: str, *, codes: dict[str, int]) -> int:
    """Read a LABEL value as its place in the declared list.

    Raises:
        ValueFaultError: It is not in the list.

    """
    code = codes.get(text)
    if code is not None:
        return code
    if text == "":
        raise ValueFaultError("value:empty", "the value is empty.")
    if text.strip() in codes:
        raise ValueFaultError("value:space", f"the value {shown(text)} has spaces around it.")
    names = ", ".join(shown(name, most=20) for name in list(codes)[:5])
    more = f" and {len(codes) - 5} more" if len(codes) > 5 else ""  # noqa: PLR2004 - five are named above
    raise ValueFaultError(
        "value:label", f"the value {shown(text)} is not one of the labels {names}{more}."
    )


def read_items(text: str) -> tuple[str, ...]:
    """Read an ITEMS value: names separated by single spaces, none twice, at least one.

    Raises:
        ValueFaultError: The list is empty, has stray spaces or names an item twice.

    """
    if text == "":
        raise ValueFaultError("value:empty", "the value is empty.")
    if text != text.strip():
        raise ValueFaultError("value:space", f"the value {shown(text)} has spaces around it.")
    items = tuple(text.split(" "))
    if "" in items:
        raise ValueFaultError("value:items", "the items are separated by more than one space.")
    if len(set(items)) < len(items):
        twice = next(item for place, item in enumerate(items) if item in items[:place])
        raise ValueFaultError("value:items", f"the item {shown(twice)} is there twice.")
    return items

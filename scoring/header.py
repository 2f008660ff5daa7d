"""The first line of a CSV file: which column stands where, or what is wrong with it."""

import re
from dataclasses import dataclass

from palio.core.errors import Finding
from palio.scoring.form import PredictionForm
from palio.scoring.lines import split_fields
from palio.scoring.refusal import PredictionsRefusedError, refused, shown
from palio.scoring.values import NUMBER

ID_ROLE = -1
_OTHER_DELIMITER = re.compile(r"[;\t|]")
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Header:
    """Where each column stands.

    Attributes:
        roles: For each column of the file `ID_ROLE` or the place in `form.targets`.

    """

    roles: tuple[int, ...]


def parse_header(line: str, *, form: PredictionForm) -> Header:
    """Read the header (without its line end). Columns may stand in any order.

    Raises:
        PredictionsRefusedError: It does not name exactly the wanted columns, or its quoting
            is broken.

    """
    wanted = (form.id_column, *(target.name for target in form.targets))
    if line == "":
        text = f"The first line is blank; it must be the header {','.join(wanted)}."
        raise refused("header:blank", text, line=1)
    names = split_fields(line, number=1)
    if "," not in line and names[0] not in wanted and _OTHER_DELIMITER.search(line):
        text = "The header has no comma. Use commas between columns, not semicolons, tabs or bars."
        raise refused("delimiter", text, line=1)
    return parse_names(names, form=form)


def parse_names(names: list[str], *, form: PredictionForm) -> Header:
    """Read the names of the columns, in any order.

    Raises:
        PredictionsRefusedError: They are not exactly the wanted ones.

    """
    wanted = (form.id_column, *(target.name for target in form.targets))
    _check_names(names, wanted)
    missing = [name for name in wanted if name not in names]
    extra = [name for name in names if name not in wanted]
    if missing or extra:
        raise PredictionsRefusedError(_column_findings(names, missing, extra))
    return Header(tuple(wanted.index(name) - 1 for name in names))


def _check_names(names: list[str], wanted: tuple[str, ...]) -> None:
    if sorted(names) == sorted(wanted):
        return
    if _is_data(names, wanted):
        text = f"The first line looks like data; a header line {','.join(wanted)} is needed."
        raise refused("header:missing", text, line=1)
    if len(set(names)) < len(names):
        raise refused("header:duplicate", f"A header name is there twice: {_list(names)}.", line=1)
    if any(name != name.strip() for name in names):
        text = f"A header name has spaces around it: {_list(names)}."
        raise refused("header:space", text, line=1)
    if names[0] == "":
        text = "The first column has no name (a saved DataFrame index?). Write with index=False."
        raise refused("header:index", text, line=1)


def _is_data(names: list[str], wanted: tuple[str, ...]) -> bool:
    if set(names) & set(wanted):
        return False
    numbers = sum(NUMBER.fullmatch(name) is not None for name in names)
    return numbers == len(names) or (numbers > 0 and len(names) == len(wanted))


def _column_findings(names: list[str], missing: list[str], extra: list[str]) -> tuple[Finding, ...]:
    findings = []
    if missing:
        text = (
            f"Column missing: {_list(missing)}; found {_list(names)}.{_case_hint(missing, extra)}"
        )
        findings.append(Finding(code="header:missing_column", text=text, line=1))
    if extra:
        text = f"Column not expected: {_list(extra)}. Leave it out."
        findings.append(Finding(code="header:extra_column", text=text, line=1))
    return tuple(findings)


def _case_hint(missing: list[str], extra: list[str]) -> str:
    lowered = {name.lower() for name in extra}
    return " Upper and lower case matter." if any(n.lower() in lowered for n in missing) else ""


def _list(names: list[str]) -> str:
    more = ", ..." if len(names) > _MOST_NAMES else ""
    return ", ".join(shown(name) for name in names[:_MOST_NAMES]) + more

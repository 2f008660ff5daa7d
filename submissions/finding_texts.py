"""Findings about a file as its row keeps them: JSON, ``[[code, text, line, file, hint], …]``."""

import json
from collections.abc import Sequence

from palio.core.errors import Finding


def read(text: str) -> tuple[Finding, ...]:
    """Read what `write` wrote."""
    return tuple(Finding(*fields) for fields in json.loads(text))


def write(findings: Sequence[Finding]) -> str:
    """Write findings."""
    return json.dumps([[f.code, f.text, f.line, f.file, f.hint] for f in findings])

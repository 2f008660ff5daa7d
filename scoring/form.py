"""What a prediction file of one challenge has to look like."""

from dataclasses import dataclass
from enum import StrEnum


class IdKind(StrEnum):
    """How row ids are compared."""

    INTEGER = "integer"  # decimal, no sign, no leading zero, fits int64
    TEXT = "text"  # byte for byte, UTF-8


class TargetKind(StrEnum):
    """What one predicted value is."""

    REAL = "real"  # finite decimal number
    INTEGER = "integer"  # whole number; 3 and 3.0 are the same
    LABEL = "label"  # one of `TargetColumn.labels`
    ITEMS = "items"  # item names separated by single spaces, best first; for map@k and its kin


class FileFormat(StrEnum):
    """How a prediction file may be packed."""

    CSV = "csv"
    CSV_GZ = "csv.gz"
    ZIP = "zip"  # exactly one CSV member
    PARQUET = "parquet"
    NETFLIX = "netflix"  # `MovieID:` lines, then one rating a line, in the order of the answer key


@dataclass(frozen=True, slots=True)
class TargetColumn:
    """One predicted column.

    Attributes:
        name: Header name.
        kind: How its values are read.
        minimum: Smallest value allowed (REAL, INTEGER), inclusive; None = no limit.
        maximum: Largest value allowed, inclusive; None = no limit.
        labels: The closed list of LABEL values, declared by the challenge, never derived
            from the answers (an error message would leak them).

    """

    name: str
    kind: TargetKind = TargetKind.REAL
    minimum: float | None = None
    maximum: float | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PredictionForm:
    """All that may be said about a prediction file without knowing the answers.

    Attributes:
        id_column: Header name of the row id.
        id_kind: How ids are compared.
        targets: Predicted columns, in the order the answer key holds them.
        formats: Packings accepted. CSV is always among them unless NETFLIX stands alone.
        max_bytes: Cap on the file as sent, and on what comes out of it when unpacked.
        max_line_bytes: Cap on one line of text.
        max_value_chars: Cap on one number as written.

    """

    id_column: str
    id_kind: IdKind
    targets: tuple[TargetColumn, ...]
    formats: tuple[FileFormat, ...] = (FileFormat.CSV,)
    max_bytes: int = 100 * 2**20
    max_line_bytes: int = 4096
    max_value_chars: int = 64

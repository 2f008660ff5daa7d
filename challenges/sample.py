"""Makes the sample submission of a challenge that ships none: sound, and no better than a guess."""

import csv
from itertools import groupby
from pathlib import Path

from palio.scoring.form import FileFormat, PredictionForm, TargetColumn, TargetKind
from palio.scoring.rows import RowIds

_BATCH = 65_536
_ITEM = "item"


def write_sample(path: Path, *, form: PredictionForm, ids: RowIds) -> None:
    """Write a submission with every id, in the order of the answers, and one value throughout.

    The value is the middle of the declared range, or the first label; it does not depend on the
    answers. CSV, or Netflix's own form where that stands alone.
    """
    values = [middle_value(target) for target in form.targets]
    with path.open("w", encoding="utf-8", newline="") as file:
        if form.formats == (FileFormat.NETFLIX,):
            texts = ids.texts(0, ids.count)
            for movie, rows in groupby(texts, key=lambda text: text.partition(":")[0]):
                file.write(f"{movie}:\n" + f"{values[0]}\n" * len(list(rows)))
            return
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([form.id_column, *(target.name for target in form.targets)])
        for first in range(0, ids.count, _BATCH):
            last = min(first + _BATCH, ids.count)
            writer.writerows([text, *values] for text in ids.texts(first, last))


def middle_value(target: TargetColumn) -> str:
    """Return the middle of a column's range as it is written in a file."""
    if target.kind is TargetKind.LABEL:
        return target.labels[0]
    if target.kind is TargetKind.ITEMS:
        return _ITEM
    low, high = target.minimum, target.maximum
    known = [limit for limit in (low, high) if limit is not None]
    middle = sum(limit / len(known) for limit in known)
    if target.kind is TargetKind.INTEGER:
        return str(int(middle))
    return repr(float(middle))

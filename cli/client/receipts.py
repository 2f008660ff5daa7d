"""The file of a receipt, in the one form that `palio verify receipt` takes."""

import json
from pathlib import Path

from palio.cli.client.answers import ReceiptFile
from palio.cli.client.errors import ClientError


def check_target(target: Path) -> None:
    """Refuse before an upload what could not be written after it; raises `ClientError`."""
    if not target.parent.is_dir():
        raise ClientError(f"There is no folder {target.parent} for the receipt.")


def write(target: Path, document: ReceiptFile) -> None:
    """Write a receipt's document; raises `LocalFileError`."""
    from palio.cli.client.transfer import write_whole  # noqa: PLC0415 (slow import)

    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    write_whole(target, iter([text.encode()]))

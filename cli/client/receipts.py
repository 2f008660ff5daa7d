"""The file of a receipt, in the one form that `palio verify receipt` takes."""

import json
from pathlib import Path

from palio.cli.client.answers import ReceiptFile


def write(target: Path, document: ReceiptFile) -> None:
    """Write a receipt's document."""
    target.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")

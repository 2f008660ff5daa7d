"""Reads what challenge.toml says of the board."""

from datetime import datetime

from palio.challenges.board_contracts import BoardPlan
from palio.challenges.fields import Section


def read_board(section: Section | None) -> tuple[BoardPlan, datetime | None]:
    """Read the table ``[board]``: the view, and the instant of the reveal if one is declared."""
    if section is None:
        return BoardPlan(), None
    reveal_at = section.optional_instant("reveal_at")
    section.close()
    return BoardPlan(), reveal_at

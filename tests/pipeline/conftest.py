"""A launched challenge on each database."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories.arena import Arena, make_arena


@pytest.fixture
def arena(engine: Engine, tmp_path: Path) -> Arena:
    """An open challenge whose baseline is scored already."""
    made = make_arena(engine, tmp_path)
    made.launch()
    made.score_all()
    made.sent.clear()
    return made

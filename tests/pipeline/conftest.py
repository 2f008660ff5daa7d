"""A launched challenge on each database."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories.arena import MODEL_FILES, MODELS, Arena, make_arena
from tests.factories.models import Models
from tests.factories.rescoring import Rescoring, two_teams

from palio.accounts.contracts import Team


@pytest.fixture
def arena(engine: Engine, tmp_path: Path) -> Arena:
    """An open challenge whose baseline is scored already."""
    made = make_arena(engine, tmp_path)
    made.launch()
    made.score_all()
    made.sent.clear()
    return made


@pytest.fixture
def sets(arena: Arena) -> Rescoring:
    """Two teams on the public board; bob is right about the corrected answers."""
    made = two_teams(arena)
    made.publish()
    return made


@pytest.fixture
def model_arena(engine: Engine, tmp_path: Path) -> Arena:
    """An open challenge that takes programs."""
    made = make_arena(engine, tmp_path)
    made.launch(changes=MODELS, files=MODEL_FILES)
    made.score_all()
    made.sent.clear()
    return made


@pytest.fixture
def models(model_arena: Arena) -> Models:
    """A worker for programs that has announced itself."""
    made = Models(model_arena)
    made.announce()
    return made


@pytest.fixture
def team(model_arena: Arena) -> Team:
    """A team of the challenge that takes programs."""
    return model_arena.team("ada")

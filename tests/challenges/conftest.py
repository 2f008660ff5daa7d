"""A stand-in for boxes, started once."""

from collections.abc import Iterator

import pytest
from tests.challenges.plain_box import PlainBox, Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One process with pandas loaded."""
    zygote = Zygote()
    yield zygote
    zygote.close()


@pytest.fixture
def plain_box(zygote: Zygote) -> PlainBox:
    """A fresh stand-in."""
    return PlainBox(zygote)

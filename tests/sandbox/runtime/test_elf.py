"""Reading what a program needs: the loader it names, its libraries, and what is no program."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox.runtime import elf

PYTHON = Path(sys.executable).resolve()


def test_program_names_a_loader_that_is_there() -> None:
    assert Path(elf.loader_of(PYTHON)).is_file()


def test_libraries_of_a_program_are_there() -> None:
    found = elf.libraries(PYTHON, loader=elf.loader_of(PYTHON))
    assert found
    assert [name for name, place in found.items() if place is None or not place.is_file()] == []


def test_file_that_is_no_program_needs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("#!/bin/sh\n")
    assert elf.is_elf(file) is False
    assert elf.libraries(file, loader=elf.loader_of(PYTHON)) == {}
    with pytest.raises(elf.NotElfError):
        elf.loader_of(file)


@given(rest=st.binary(min_size=58, max_size=300))
def test_damaged_program_is_refused(tmp_path_factory: pytest.TempPathFactory, rest: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(b"\x7fELF\x02\x01" + rest)
    with pytest.raises(elf.NotElfError):
        elf.loader_of(file)

"""`palio runtime`: made ahead, shown, and the words where that cannot be."""

from pathlib import Path

import pytest
from tests.cli.conftest import Palio, document

from palio.sandbox.runtime import build


def test_runtime_that_is_not_made_says_how_to_make_it(palio: Palio, tmp_path: Path) -> None:
    result = palio("runtime", "show", "--data", tmp_path / "data")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: It is not made yet.\n  Make it with: palio runtime build\n",
    )


def test_build_from_a_folder_without_wheels_says_how_to_fill_it(
    palio: Palio, tmp_path: Path
) -> None:
    (tmp_path / "wheels").mkdir()
    result = palio("runtime", "build", "--wheels", "wheels", "--data", tmp_path / "data")
    assert result.exit_code == 1
    assert "error: The folder wheels does not have every package" in result.stderr
    assert "pip download --require-hashes" in result.stderr


@pytest.mark.slow
def test_build_makes_it_once_and_show_tells_what_is_in_it(palio: Palio, tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data", "--json")
    built = document(palio("runtime", "build", *data))
    assert built["digest"] == build.digest_of(packages=True)
    assert built["folder"] == str(tmp_path / "data/boxes/runtime" / built["digest"][:16])
    assert document(palio("runtime", "show", *data)) == built
    assert document(palio("runtime", "build", *data)) == built

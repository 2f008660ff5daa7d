"""What import-linter, ruff and mypy cannot say about the tree."""

import ast
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = {"benchmarks", "docs", "locks", "src", "tests", "tools"}
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    check=True,
    capture_output=True,
    text=True,
).stdout.split("\n")
PYTHON = [
    ROOT / name
    for name in TRACKED
    if name.endswith(".py") and not name.startswith("src/") and (ROOT / name).is_file()
]
PRODUCT = [path for path in PYTHON if path.relative_to(ROOT).parts[0] not in OUTSIDE]
CODE_FOLDERS = sorted({path.relative_to(ROOT).parts[0] for path in PRODUCT})

# The only reasons for an import inside a function.
INLINE_IMPORT_REASONS = {"slow import", "optional dependency"}


def test_every_code_folder_has_exactly_one_link() -> None:
    links = {path.name: path.readlink() for path in (ROOT / "src" / "palio").iterdir()}
    assert links == {name: Path("../..") / name for name in CODE_FOLDERS}


def test_top_level_folders_have_no_init_file() -> None:
    assert [name for name in CODE_FOLDERS if (ROOT / name / "__init__.py").exists()] == []


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_says_why_it_exists_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if path.parent.name != "versions":
        assert lines <= 400
    if not path.is_relative_to(ROOT / "tests"):  # a test file's name says why it exists
        assert ast.get_docstring(ast.parse(text))


def test_inline_imports_give_a_known_reason() -> None:
    found = {
        match.group(1)
        for path in PYTHON
        for match in re.finditer(r"noqa: PLC0415 \(([^)]*)\)", path.read_text(encoding="utf-8"))
    }
    bare = [
        path.relative_to(ROOT)
        for path in PYTHON
        if re.search(r"noqa: PLC0415(?! \()" + r"$", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert (found - INLINE_IMPORT_REASONS, bare) == (set(), [])


def test_commit_is_called_in_one_place() -> None:
    callers = [
        str(path.relative_to(ROOT))
        for path in PRODUCT
        if re.search(r"session\.commit\(\)", path.read_text(encoding="utf-8"))
    ]
    assert callers == ["core/db.py"]


def test_error_codes_are_unique() -> None:
    codes = Counter(
        match.group(1)
        for path in PRODUCT
        for match in re.finditer(
            r'^    code = "(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    assert [code for code, count in codes.items() if count > 1] == []


def test_every_setting_is_documented() -> None:
    fields = re.findall(
        r"^    (\w+): [^=\n]+ = ",
        (ROOT / "core" / "settings.py").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    text = (ROOT / "docs" / "operate" / "settings.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `PALIO_(\w+)`", text, re.MULTILINE)
    assert [name.lower() for name in documented] == fields


def test_lock_files_carry_no_addresses() -> None:
    assert [
        path.name
        for path in (ROOT / "locks").iterdir()
        if re.search(r"https?://|--index|--find-links", path.read_text(encoding="utf-8"))
    ] == []


def test_documents_point_at_files_that_are_there() -> None:
    missing = [
        (str(path.relative_to(ROOT)), target)
        for path in (ROOT / name for name in TRACKED if name.endswith(".md"))
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert missing == []

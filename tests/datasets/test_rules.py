"""Which names are fit to be offered, and as what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.datasets import rules
from palio.datasets.rules import FoundFile


def codes(*paths: str) -> list[str]:
    return [fault.code for fault in rules.find_faults([FoundFile(path, 1) for path in paths])]


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("train.csv", "text/csv"),
        ("a/B.CSV", "text/csv"),
        ("train.csv.gz", "application/gzip"),
        ("x.parquet", "application/vnd.apache.parquet"),
        ("page.html", "application/octet-stream"),
        ("logo.svg", "application/octet-stream"),
        ("script.js", "application/octet-stream"),
        ("feed.xml", "application/octet-stream"),
        ("README", "application/octet-stream"),
        ("csv", "application/octet-stream"),
        ("a.csv/README", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_media_type_is_plain_bytes_unless_known_and_harmless(path: str, media_type: str) -> None:
    assert rules.media_type(path) == media_type


@pytest.mark.parametrize(
    "path", ["train.csv", "a/b/c.csv", "données.csv", "two words.csv", "x" * 200, "a-b_c(1).csv"]
)
def test_plain_name_is_fit(path: str) -> None:
    assert codes(path) == []


@pytest.mark.parametrize(
    "path",
    [
        "../x", "a/../x", "a//b", "/x", "./x", "", ".hidden", "a/.git/x", "a\\b", "C:x", "a\nb",
        "a\0b", "a\u202eb", "a\udcffb", " a", "a ", "a.", "a?", "x" * 201,
        "/".join(["x" * 100] * 6),
    ],
)  # fmt: skip
def test_name_that_leaves_the_folder_or_some_system_cannot_have_is_refused(path: str) -> None:
    assert codes(path) == ["data:bad_name"]


@given(st.text(max_size=20))
def test_fit_name_has_only_plain_parts_and_is_utf_8(path: str) -> None:
    if codes(path) == []:
        assert not {"", ".", ".."} & set(path.split("/"))
        assert path.encode().decode() == path


@given(st.lists(st.text(st.characters(), max_size=5), max_size=5))
def test_faults_can_always_be_sent(paths: list[str]) -> None:
    for fault in rules.find_faults([FoundFile(path, 1) for path in paths]):
        assert (fault.text + fault.file).encode()


def test_every_fault_is_named_at_once() -> None:
    files = [FoundFile("A.csv", 1), FoundFile("a.csv", 1), FoundFile("link", 1, is_plain=False)]
    found = [(fault.code, fault.file) for fault in rules.find_faults(files)]
    assert found == [
        ("data:no_file", "link"),
        ("data:same_name", "A.csv"),
        ("data:same_name", "a.csv"),
    ]


def test_no_files_and_too_many_files_are_faults() -> None:
    assert codes() == ["data:empty"]
    assert codes(*(f"{n}.csv" for n in range(rules.FILES_MAX))) == []
    assert codes(*(f"{n}.csv" for n in range(rules.FILES_MAX + 1))) == ["data:many_files"]

import contextlib
import os
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox import bundle
from palio.sandbox.bundle import BundleLimits
from palio.sandbox.spec import ImageRefusedError

LIMITS = BundleLimits(bytes=2**20, files=100)


def code_of(path: Path, into: Path, limits: BundleLimits = LIMITS) -> str:
    into.mkdir()
    with pytest.raises(ImageRefusedError) as caught:
        bundle.unpack(path, into, limits=limits)
    assert caught.value.text.isprintable()
    return caught.value.code


def zip_of(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members:
            archive.writestr(member, content)
    return path


def member(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def model_folder(folder: Path) -> Path:
    (folder / "weights" / "deep").mkdir(parents=True)
    (folder / "main.py").write_text("print(1)\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o4775)
    (folder / "weights" / "deep" / "ä b.bin").write_bytes(bytes(range(256)))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "main.pyc").write_bytes(b"x")
    return folder


def test_a_packed_folder_comes_back_with_plain_modes(tmp_path: Path) -> None:
    bundle.pack(model_folder(tmp_path / "model"), tmp_path / "model.zip")
    (tmp_path / "out").mkdir()
    old = os.umask(0o077)
    try:
        bundle.unpack(tmp_path / "model.zip", tmp_path / "out", limits=LIMITS)
    finally:
        os.umask(old)
    assert tree(tmp_path / "out") == {
        "main.py": (0o644, b"print(1)\n"),
        "run.sh": (0o755, b"#!/bin/sh\n"),
        "weights/deep/ä b.bin": (0o644, bytes(range(256))),
    }
    assert stat.S_IMODE((tmp_path / "out" / "weights" / "deep").stat().st_mode) == 0o755


def test_the_same_files_give_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    for name, seconds in (("a", 1_000_000_000), ("b", 1_500_000_000)):
        folder = model_folder(tmp_path / name)
        for path in folder.rglob("*"):
            os.utime(path, (seconds, seconds))
        bundle.pack(folder, tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_only_what_is_named_is_packed(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model")
    bundle.pack(folder, tmp_path / "some.zip", only=["weights", "main.py"])
    with zipfile.ZipFile(tmp_path / "some.zip") as archive:
        assert archive.namelist() == ["main.py", "weights/deep/ä b.bin"]


def test_a_folder_with_a_link_a_fifo_or_a_missing_file_is_not_packed(tmp_path: Path) -> None:
    codes: list[str] = []
    for make in (lambda path: path.symlink_to("main.py"), os.mkfifo):
        folder = model_folder(tmp_path / f"model{len(codes)}")
        make(folder / "weights" / "other")
        with pytest.raises(ImageRefusedError) as caught:
            bundle.pack(folder, tmp_path / "model.zip")
        codes.append(caught.value.code)
    with pytest.raises(ImageRefusedError) as caught:
        bundle.pack(model_folder(tmp_path / "model"), tmp_path / "model.zip", only=["gone.py"])
    assert [*codes, caught.value.code] == ["bundle:link", "bundle:special", "bundle:missing"]


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../out",
        "a/../../b",
        "a\\b",
        "C:\\x",
        "a//b",
        "./a",
        "",
        ".",
        "a\nb",
        "a\x1b[2J",
        "a" * 256,
        "/".join("a" * 21),
        "/".join(["a" * 100] * 5),
        "..",
        "../",
    ],
)
def test_a_member_with_an_unsafe_name_is_refused(tmp_path: Path, name: str) -> None:
    path = zip_of(tmp_path / "bad.zip", (zipfile.ZipInfo(name), b"x"))
    assert code_of(path, tmp_path / "out") == "bundle:name"
    assert list((tmp_path / "out").iterdir()) == []


def test_a_name_with_nul_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "bad.zip", ("main.py_.txt", b"x"))
    path.write_bytes(path.read_bytes().replace(b"main.py_", b"main.py\0"))
    assert code_of(path, tmp_path / "out") == "bundle:name"


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        (stat.S_IFLNK | 0o777, "bundle:link"),
        (stat.S_IFIFO | 0o644, "bundle:special"),
        (stat.S_IFBLK | 0o644, "bundle:special"),
        (stat.S_IFCHR | 0o644, "bundle:special"),
        (stat.S_IFSOCK | 0o644, "bundle:special"),
        (stat.S_IFDIR | 0o755, "bundle:special"),
    ],
)
def test_a_link_or_special_member_is_refused(tmp_path: Path, mode: int, code: str) -> None:
    path = zip_of(tmp_path / "bad.zip", (member("x", mode), b"/etc/passwd"))
    assert code_of(path, tmp_path / "out") == code


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/", "a")])
def test_one_name_for_two_members_is_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of what is made here on purpose
        path = zip_of(tmp_path / "bad.zip", *((name, b"") for name in names))
    assert code_of(path, tmp_path / "out") == "bundle:duplicate"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "bad.zip", ("a", b"x"))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert code_of(path, tmp_path / "out") == "bundle:encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 99])
def test_a_rarely_packed_member_is_refused(tmp_path: Path, method: int) -> None:
    path = zip_of(tmp_path / "bad.zip", ("a", b"x"))
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 10, method)
    path.write_bytes(data)
    assert code_of(path, tmp_path / "out") == "bundle:method"


def test_a_bomb_is_stopped_where_the_limit_is(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "bomb.zip", ("a", bytes(2**19)), ("b", bytes(2**26)))
    assert code_of(path, tmp_path / "out") == "bundle:too-big"
    assert sum(file.stat().st_size for file in (tmp_path / "out").iterdir()) <= LIMITS.bytes


def test_a_bomb_that_tells_a_small_size_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "bomb.zip", ("a", bytes(2**26)))
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 2**26), struct.pack("<I", 10)))
    assert code_of(path, tmp_path / "out") == "bundle:unreadable"


@pytest.mark.parametrize("count", [101, 5_000, 70_000])
def test_too_many_members_are_refused(tmp_path: Path, count: int) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}", b"")
    assert code_of(path, tmp_path / "out") == "bundle:too-many-files"


def test_folders_count_as_files(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "many.zip", *((f"{n}/" + "a/" * 18 + "x", b"") for n in range(6)))
    assert code_of(path, tmp_path / "out") == "bundle:too-many-files"
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_no_zip_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    good = zip_of(tmp_path / "good.zip", ("a", os.urandom(1000))).read_bytes()
    flipped = bytearray(good)
    flipped[500] ^= 255
    for number, content in enumerate((b"", b"no zip", good[:-30], good[100:], bytes(flipped))):
        (tmp_path / "bad.zip").write_bytes(content)
        assert code_of(tmp_path / "bad.zip", tmp_path / f"out{number}") == "bundle:unreadable"


def test_a_local_name_other_than_the_listed_one_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "bad.zip", ("aaaa", b"x"))
    path.write_bytes(path.read_bytes().replace(b"aaaa", b"../b", 1))
    assert code_of(path, tmp_path / "out") == "bundle:unreadable"


@given(st.binary(max_size=400), st.integers(0, 400), st.binary(max_size=8))
def test_any_change_to_a_zip_ends_in_files_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, at: int, change: bytes
) -> None:
    folder = tmp_path_factory.mktemp("any")
    good = zip_of(folder / "a.zip", ("x/y", content), (member("z", 0o100755), b"z" * 50))
    data = good.read_bytes()
    at = min(at, len(data))
    good.write_bytes(data[:at] + change + data[at + len(change) :])
    (folder / "out").mkdir()
    with contextlib.suppress(ImageRefusedError):
        bundle.unpack(good, folder / "out", limits=LIMITS)
    assert {path.name for path in folder.iterdir()} == {"a.zip", "out"}

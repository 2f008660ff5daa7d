import gzip
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sandbox.images.archives import M, link, raw_of, tar_of, write

from palio.sandbox.images import pieces
from palio.sandbox.images.tar import Member, TarReader
from palio.sandbox.spec import ImageRefusedError

END = bytes(1024)


def read(tar: bytes, step: int = 10_000) -> list[tuple[Member, bytes]]:
    """All members with their content, from pieces of a given length."""
    reader = TarReader((tar[at : at + step] for at in range(0, len(tar), step)), what="It")
    return [(member, b"".join(reader.data())) for member in reader.members()]


def code_of(tar: bytes) -> str:
    with pytest.raises(ImageRefusedError) as caught:
        read(tar)
    return caught.value.code


def block(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def pax(content: bytes, kind: bytes = b"x") -> bytes:
    return raw_of(b"pax", kind=kind, size=b"%011o\0" % len(content)) + block(content)


def record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(b"%d %s=%s\n" % (length, key, value)) != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


FILE = raw_of(b"a")


def changed(at: int, value: bytes) -> bytes:
    block = bytearray(FILE)
    block[at : at + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


BAD: dict[str, tuple[bytes, str]] = {
    "global header": (pax(record(b"comment", b"x"), b"g") + FILE + END, "image:tar"),
    "two extended headers": (pax(record(b"a", b"b")) * 2 + FILE + END, "image:tar"),
    "long name and extended header": (
        pax(b"long\0", b"L") + pax(record(b"path", b"b")) + FILE + END,
        "image:tar",
    ),
    "extended header and long name": (
        pax(record(b"path", b"b")) + pax(b"long\0", b"L") + FILE + END,
        "image:tar",
    ),
    "two long names": (pax(b"one\0", b"L") * 2 + FILE + END, "image:tar"),
    "long name with nul": (pax(b"one\0two\0", b"L") + FILE + END, "image:tar"),
    "empty long name": (pax(b"\0", b"L") + FILE + END, "image:tar"),
    "endless long name": (pax(b"n" * 2**15, b"L") + FILE + END, "image:tar"),
    "endless extended header": (pax(record(b"a", b"b" * 2**20)) + FILE + END, "image:tar"),
    "extended header at the end": (pax(record(b"path", b"b")) + END, "image:tar"),
    "record with a wrong length": (pax(b"99 path=x\n") + FILE + END, "image:tar"),
    "record without a line end": (pax(b"9 path=xx") + FILE + END, "image:tar"),
    "record without a length": (pax(b"path=x\n") + FILE + END, "image:tar"),
    "record without a key": (pax(b"6 =xx\n") + FILE + END, "image:tar"),
    "record twice": (pax(record(b"path", b"x") * 2) + FILE + END, "image:tar"),
    "too many records": (
        pax(b"".join(record(b"k%d" % number, b"") for number in range(257))) + FILE + END,
        "image:tar",
    ),
    "path with nul": (pax(record(b"path", b"x\0y")) + FILE + END, "image:tar"),
    "empty path": (pax(record(b"path", b"")) + FILE + END, "image:tar"),
    "size that is none": (pax(record(b"size", b"-1")) + FILE + END, "image:tar"),
    "size in other digits": (pax(record(b"size", "٣".encode())) + FILE + END, "image:tar"),
    "sparse in an extended header": (
        pax(record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")) + FILE + END,
        "image:sparse",
    ),
    "old sparse": (raw_of(b"a", kind=b"S", magic=b"ustar  \0") + END, "image:sparse"),
    "rare kind": (raw_of(b"a", kind=b"7") + END, "image:tar"),
    "volume label": (raw_of(b"a", kind=b"V") + END, "image:tar"),
    "folder as a file": (raw_of(b"a/") + END, "image:tar"),
    "folder as an old file": (raw_of(b"a/", kind=b"\0") + END, "image:tar"),
    "folder with content": (raw_of(b"a/", kind=b"5", size=b"1") + block(b"x") + END, "image:tar"),
    "hard link with content": (raw_of(b"a", kind=b"1", size=b"1") + block(b"x") + END, "image:tar"),
    "negative size": (raw_of(b"a", size=b"\xff" * 12) + END, "image:tar"),
    "size behind a zero byte": (raw_of(b"a", size=b"\0" + b"1000") + END, "image:tar"),
    "two sizes": (raw_of(b"a", size=b"0\0" + b"1000") + END, "image:tar"),
    "size with a sign": (raw_of(b"a", size=b"-1") + END, "image:tar"),
    "size with letters": (raw_of(b"a", size=b"0o7") + END, "image:tar"),
    "huge size": (raw_of(b"a", size=b"\x80" + b"\xff" * 11) + END, "image:truncated"),
    "time that is none": (changed(136, b"zzzzzzzzzzz\0") + END, "image:tar"),
    "time beyond all time": (changed(136, b"\x80" + b"\xff" * 11) + END, "image:tar"),
    "time before all time": (changed(136, b"\xff" + bytes(11)) + END, "image:tar"),
    "device number that is none": (changed(329, b"zzzzzzz\0") + END, "image:tar"),
    "second device number that is none": (changed(337, b"-1") + END, "image:tar"),
    **{
        f"{name.decode()} is {value!a}": (pax(record(name, value)) + FILE + END, "image:tar")
        for name in (b"mtime", b"atime", b"ctime")
        for value in (b"zz", b"1.1.1", b"1e5", b"9" * 40, b"", b"+1")
    },
    "owner with nul": (pax(record(b"uname", b"a\0b")) + FILE + END, "image:tar"),
    "key with nul": (pax(record(b"a\0b", b"x")) + FILE + END, "image:tar"),
    "owner beyond 64 bits": (pax(record(b"uid", b"9" * 19)) + FILE + END, "image:tar"),
    "wrong checksum": (FILE[:10] + b"x" + FILE[11:] + END, "image:tar"),
    "no magic": (raw_of(b"a", magic=bytes(8)) + END, "image:tar"),
    "times where others see a prefix": (
        raw_of(b"a", magic=b"ustar  \0", tail=b"14000000000") + END,
        "image:tar",
    ),
    "form of star": (raw_of(b"a", tail=bytes(163) + b"tar\0") + END, "image:tar"),
    "content behind the end": (FILE + END + FILE, "image:trailing"),
    "one byte behind the end": (FILE + END + bytes(511) + b"x", "image:trailing"),
    "one zero block within": (FILE + bytes(512) + FILE + END, "image:trailing"),
    "half a block at the end": (FILE + END + bytes(100), "image:tar"),
    "no end": (FILE, "image:truncated"),
    "nothing": (b"", "image:truncated"),
    "no tar": (b"x" * 1024, "image:tar"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_tar_that_readers_could_take_differently_is_refused(name: str) -> None:
    tar, code = BAD[name]
    assert code_of(tar) == code


def test_the_extended_header_decides_the_name_and_size() -> None:
    records = record(b"path", "ä".encode()) + record(b"size", b"3") + record(b"uid", b"7")
    (found,) = read(pax(records) + FILE + block(b"abc") + END)
    assert (found[0].name, found[0].size, found[0].uid, found[1]) == ("ä", 3, 7, b"abc")


@pytest.mark.parametrize("time", [b"-1", b"0", b"1.", b"1700000000.123456789"])
def test_times_as_usual_writers_give_them_are_passed_over(time: bytes) -> None:
    (found,) = read(pax(record(b"mtime", time)) + changed(136, b"\xff" * 12) + END)
    assert found[0].name == "a"


def test_a_prefix_is_part_of_the_name() -> None:
    (found,) = read(raw_of(b"name", tail=b"folder") + END)
    assert found[0].name == "folder/name"


def test_a_tar_cut_anywhere_is_refused() -> None:
    tar = tar_of([M("a", b"x" * 700), link("b", "c" * 200)])[: -8 * 1024]
    whole = len(tar.rstrip(b"\0")) + 512
    for at in range(0, whole - 512, 64):
        assert code_of(tar[:at]) == "image:truncated"


members = st.lists(
    st.builds(
        M,
        st.text(
            st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=300
        ).map(lambda name: "n" + name.rstrip("/") + "x"),
        st.binary(max_size=2000),
    ),
    max_size=5,
)


@given(
    members,
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
    st.sampled_from([1, 7, 512, 700, 100_000]),
)
def test_what_tarfile_writes_is_read_in_pieces_of_any_length(
    wanted: list[M], tar_format: int, step: int
) -> None:
    found = read(tar_of(wanted, tar_format), step)
    assert [(member.name, member.mode, content) for member, content in found] == [
        (one.name, one.mode, one.content) for one in wanted
    ]


def opened(path: Path) -> bytes:
    with pieces.opened(path, what="It") as content:
        return b"".join(content)


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4), st.sampled_from([1, 400, 9999]))
def test_gzip_of_any_parts_is_unpacked(contents: list[bytes], step: int) -> None:
    packed = b"".join(map(gzip.compress, contents))
    steps: Iterable[bytes] = (packed[at : at + step] for at in range(0, len(packed), step))
    assert b"".join(pieces.unzipped(steps, what="It")) == b"".join(contents)


@pytest.mark.parametrize("size", [0, 1, pieces.UNZIPPED_BYTES - 1, pieces.UNZIPPED_BYTES, 10**7])
def test_gzip_that_packs_well_is_unpacked_to_its_end(tmp_path: Path, size: int) -> None:
    assert opened(write(tmp_path / "a.gz", gzip.compress(bytes(size)))) == bytes(size)


def test_gzip_cut_damaged_or_with_more_behind_is_refused(tmp_path: Path) -> None:
    good = gzip.compress(os.urandom(10**6), 1)
    flipped = bytearray(good)
    flipped[-6] ^= 1
    codes = []
    for packed in (
        good[:-1],
        good[: 10**5],
        good[:2],
        bytes(flipped),
        good + b"xx",
        good + b"\0xx",
    ):
        with pytest.raises(ImageRefusedError) as caught:
            opened(write(tmp_path / "a.gz", packed))
        codes.append(caught.value.code)
    assert codes == ["image:truncated"] * 3 + ["image:gzip"] * 3


def test_gzip_of_endless_tiny_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageRefusedError) as caught:
        opened(write(tmp_path / "a.gz", gzip.compress(b"") * 3000))
    assert caught.value.code == "image:gzip"


def test_reading_may_stop_before_the_end_of_a_packed_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gz", gzip.compress(bytes(10**8), 1))
    with pieces.opened(path, what="It") as content:
        first = next(content)
    assert set(first) == {0}


def test_a_missing_file_is_no_refusal(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened(tmp_path / "none")

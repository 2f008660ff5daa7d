import gzip
import io
import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.images.archives import (
    NATIVE,
    PROGRAM,
    M,
    Sent,
    folder,
    hard,
    link,
    path_of,
    raw_of,
    sha,
    tar_of,
)
from tests.sandbox.images.intakes import GOOD, LIMITS, code_of, take

from palio.sandbox.images.intake import AcceptedImage, take_in
from palio.sandbox.images.write import Start, config_of

DIFF_IDS = tuple(sha(layer) for layer in GOOD.layers)
START = Start(("/usr/bin/model",), env={"PATH": "/usr/bin", "A": "b=c"}, workdir="/tmp")  # noqa: S108 (inside the image)
WRITTEN = config_of(START, DIFF_IDS, architecture=NATIVE)
FORMS: dict[str, Callable[[Sent], bytes]] = {
    "docker": Sent.docker,
    "oci": Sent.oci,
    "nested oci": lambda sent: sent.oci(is_nested=True),
    "hybrid": lambda sent: sent.oci(has_docker_list=True),
}


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_good_image_comes_out_the_same(
    tmp_path: Path, form: str, *, is_packed: bool
) -> None:
    archive = FORMS[form](GOOD)
    accepted = take(tmp_path, gzip.compress(archive) if is_packed else archive)
    assert accepted == AcceptedImage(
        image_id=sha(WRITTEN),
        argv=("/usr/bin/model",),
        env={"PATH": "/usr/bin", "A": "b=c"},
        workdir="/tmp",  # noqa: S108 (a path inside the image)
        user="",
        uncompressed_bytes=sum(map(len, GOOD.layers)),
        layers=DIFF_IDS,
        archive=tmp_path / "into" / "image.tar",
    )
    names = [f"{digest[7:]}.tar" for digest in DIFF_IDS]
    config = f"{accepted.image_id[7:]}.json"
    with tarfile.open(accepted.archive) as tar:
        content = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert json.loads(content.pop("manifest.json")) == [
        {"Config": config, "RepoTags": None, "Layers": names}
    ]
    assert content == {config: WRITTEN, **dict(zip(names, GOOD.layers, strict=True))}


def test_what_intake_wrote_is_taken_in_again(tmp_path: Path) -> None:
    first = take(tmp_path, GOOD.docker())
    (tmp_path / "again").mkdir()
    second = take_in(first.archive, into=tmp_path / "again", limits=LIMITS)
    assert second.archive.read_bytes() == first.archive.read_bytes()


# What an engine cannot read, or would act on, though nothing of it is asked for here.
ODD: list[dict[str, Any]] = [
    {"created": "yesterday", "author": 5, "size": "x", "parent": 5, "variant": 5, "comment": 5},
    {"history": [{"created": "2020-01-01T00:00:00Z"}] * 5, "container_config": 5},
    {"Labels": 5, "ExposedPorts": [], "StopSignal": "NONE", "StopTimeout": "x", "Shell": 5},
    {
        "Healthcheck": {"Interval": 1, "Test": ["BAD"]},
        "MacAddress": 5,
        "Volumes": [],
        "OnBuild": "",
    },
]


@pytest.mark.parametrize("odd", ODD)
def test_an_engine_gets_a_config_of_ours_with_nothing_of_another(
    tmp_path: Path, odd: dict[str, Any]
) -> None:
    sent = Sent.of(*GOOD.layers, WorkingDir="/tmp", User="7", **odd)  # noqa: S108 (inside the image)
    assert take(tmp_path, sent.docker()).image_id == sha(WRITTEN)


@pytest.mark.parametrize("name", [b"BZh9", b"\xfd7zXZ", b"P*M\x18", b"\x1f\x8b\x08"])
def test_a_layer_that_an_engine_would_unpack_first_is_refused(tmp_path: Path, name: bytes) -> None:
    sent = Sent([raw_of(name) + bytes(1024)], GOOD.config)
    assert code_of(tmp_path, sent.docker()) == "image:tar"


def test_a_layer_named_again_and_again_counts_each_time(tmp_path: Path) -> None:
    again = Sent.of(*[bytes(1024)] * 4, tar_of([PROGRAM]))
    assert {code_of(tmp_path, again.docker()), code_of(tmp_path, again.oci())} == {"image:layers"}


def test_gzip_layers_repeated_layers_and_empty_ones_are_taken(tmp_path: Path) -> None:
    base, empty = tar_of([PROGRAM]), bytes(1024)
    sent = Sent.of(gzip.compress(base), empty, tar_of([M("a")]), empty)
    for archive in (sent.docker(), sent.oci()):
        accepted = take(tmp_path, archive)
        accepted.archive.unlink()
        assert accepted.layers == (sha(base), sha(empty), sha(tar_of([M("a")])), sha(empty))
        assert accepted.uncompressed_bytes == len(base) + 1024 + len(tar_of([M("a")]))


def test_a_gzip_file_in_several_parts_is_read_whole(tmp_path: Path) -> None:
    archive = GOOD.docker()
    packed = b"".join(gzip.compress(archive[at : at + 999]) for at in range(0, len(archive), 999))
    assert take(tmp_path, packed + bytes(700)).image_id == sha(WRITTEN)


@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT])
def test_layers_in_every_usual_form_of_tar_are_read(tmp_path: Path, tar_format: int) -> None:
    long = "d" * 90 + "/" + "n" * (99 if tar_format == tarfile.USTAR_FORMAT else 200)
    members = [folder("./"), folder("./usr/"), PROGRAM, M(f"./{long}"), link("l", "t" * 99)]
    accepted = take(tmp_path, Sent.of(tar_of(members, tar_format)).docker())
    assert accepted.layers == (sha(tar_of(members, tar_format)),)


def test_two_images_are_refused_in_every_form(tmp_path: Path) -> None:
    other = Sent.of([PROGRAM, M("other")])
    one = tarfile_members(GOOD.oci()) | tarfile_members(other.oci())
    indexes = [json.loads(tarfile_members(sent.oci())["index.json"]) for sent in (GOOD, other)]
    one["index.json"] = json.dumps(
        {"schemaVersion": 2, "manifests": indexes[0]["manifests"] + indexes[1]["manifests"]}
    ).encode()
    lists = [
        json.loads(tarfile_members(sent.oci(has_docker_list=True))["manifest.json"])[0]
        for sent in (GOOD, other)
    ]
    two = tarfile_members(GOOD.oci()) | tarfile_members(other.oci())
    del two["index.json"]
    two["manifest.json"] = json.dumps(lists).encode()
    mixed = two | {
        "manifest.json": json.dumps(lists[:1]).encode(),
        "index.json": tarfile_members(other.oci())["index.json"],
    }
    codes = [code_of(tmp_path, archive_of(members)) for members in (one, two, mixed)]
    assert codes == ["image:several"] * 3


def tarfile_members(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar if member.isfile()}  # type: ignore[union-attr]


def archive_of(members: dict[str, bytes]) -> bytes:
    return tar_of([M(name, content) for name, content in members.items()])


def test_layers_that_no_image_uses_are_refused(tmp_path: Path) -> None:
    sent = GOOD.and_also(M("extra/layer.tar", tar_of([M("x")])))
    assert code_of(tmp_path, sent.docker()) == "image:extra"


def test_an_archive_without_an_image_is_refused(tmp_path: Path) -> None:
    assert code_of(tmp_path, tar_of([M("readme", b"hello")])) == "image:none"
    assert code_of(tmp_path, tar_of([PROGRAM, folder("etc")])) == "image:none"


def test_blobs_other_than_their_digests_are_refused(tmp_path: Path) -> None:
    for form in (GOOD.oci(), GOOD.oci(has_docker_list=True)):
        members = tarfile_members(form)
        for digest in (sha(GOOD.config), sha(GOOD.layers[0]), sha(GOOD.layers[1])):
            content = members[path_of(digest)]
            changed = (
                content.replace(b"b=c", b"b=d") if content == GOOD.config else tar_of([PROGRAM])
            )
            code = code_of(tmp_path, archive_of(members | {path_of(digest): changed}))
            assert code == "image:digest"


def test_a_config_or_layer_swapped_in_an_older_archive_is_refused(tmp_path: Path) -> None:
    members = tarfile_members(GOOD.docker())
    name = f"{sha(GOOD.config)[7:]}.json"
    for changed in ({name: GOOD.config + b" "}, {f"{1:064x}/layer.tar": tar_of([M("z")])}):
        assert code_of(tmp_path, archive_of(members | changed)) == "image:digest"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Layers": ["../../etc/passwd"]}, "image:name"),
        ({"Layers": ["/etc/passwd"]}, "image:name"),
        ({"Config": "../../etc/passwd"}, "image:name"),
        ({"Config": "none.json"}, "image:missing"),
        ({"Config": 7}, "image:json"),
        ({"Config": None}, "image:json"),
        ({"Config": "\ud800"}, "image:json"),
        ({"config": "other.json"}, "image:json"),
        ({"Layers": ["manifest.json"]}, "image:layer"),
        ({"Layers": [7]}, "image:json"),
        ({"Layers": []}, "image:extra"),
        ({"Config": f"{0:064x}/layer.tar"}, "image:json"),
    ],
)
def test_a_list_that_leads_elsewhere_is_refused(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    assert code_of(tmp_path, GOOD.docker(**changes)) == code


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../etc/passwd", "../..", ""])
def test_a_layer_that_is_a_link_out_of_the_archive_is_refused(tmp_path: Path, target: str) -> None:
    for make in (link, hard):
        sent = GOOD.and_also(make("x/layer.tar", target))
        assert code_of(tmp_path, sent.docker()) == "image:outside-link"


def test_links_in_a_ring_are_refused(tmp_path: Path) -> None:
    sent = GOOD.and_also(link("x", "y"), link("y", "x"))
    assert code_of(tmp_path, sent.docker(Layers=["x"])) == "image:missing"


def test_an_archive_with_a_member_twice_is_refused(tmp_path: Path) -> None:
    for more in (
        M("manifest.json", b"[]"),
        M("./manifest.json", b"[]"),
        link("manifest.json", "x"),
    ):
        assert code_of(tmp_path, GOOD.and_also(more).docker()) == "image:duplicate"


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_image_bomb_is_stopped_while_it_streams(tmp_path: Path, *, is_packed: bool) -> None:
    bomb = tar_of([PROGRAM, M("bomb", bytes(64 * 2**20))])
    sent = Sent.of(gzip.compress(bomb) if is_packed else bomb)
    for archive in (sent.docker(), gzip.compress(sent.docker()), sent.oci()):
        assert code_of(tmp_path, archive) == "image:too-big"


def test_many_entries_are_refused_also_those_only_named(tmp_path: Path) -> None:
    files = [M(f"f{number}") for number in range(300)]
    deep = [M("/".join(f"{number}" * 60)) for number in range(5)]
    for members in (files, deep):
        assert code_of(tmp_path, Sent.of([PROGRAM, *members]).docker()) == "image:too-many-files"


def test_many_layers_and_many_members_are_refused(tmp_path: Path) -> None:
    sent = Sent.of([PROGRAM], *([M(f"{number}")] for number in range(4)))
    assert code_of(tmp_path, sent.docker()) == "image:layers"
    many = GOOD.and_also(*(M(f"m{number}") for number in range(4096)))
    assert code_of(tmp_path, many.docker()) == "image:too-many-files"
    fat = GOOD.and_also(*(M(f"m{number}", b" " * 2**20) for number in range(17)))
    assert code_of(tmp_path, fat.docker()) == "image:json"


def test_a_file_packed_with_zstd_is_refused_with_the_way_out(tmp_path: Path) -> None:
    zstd = b"\x28\xb5\x2f\xfd" + bytes(100)
    codes = {
        code_of(tmp_path, zstd),
        code_of(tmp_path, Sent.of(tar_of([PROGRAM])).and_also(M("l", zstd)).docker()),
    }
    assert codes == {"image:zstd"}


def test_the_engine_of_this_machine_gives_the_same_id(tmp_path: Path) -> None:
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers")
    layer = tar_of([PROGRAM, M("palio-test-of-intake", NATIVE.encode())])
    sent = Sent.of(layer, bytes(1024), tar_of([M("b")]), bytes(1024))
    accepted = take(tmp_path, sent.docker())
    loaded = subprocess.run(
        ["docker", "load", "-i", accepted.archive], capture_output=True, check=True, text=True
    )
    try:
        assert loaded.stdout.split()[-1] == accepted.image_id
        saved = subprocess.run(
            ["docker", "save", accepted.image_id], capture_output=True, check=True
        ).stdout
    finally:
        subprocess.run(["docker", "rmi", accepted.image_id], capture_output=True, check=True)
    accepted.archive.unlink()
    for archive in (saved, gzip.compress(saved, 1)):
        again = take(tmp_path, archive)
        again.archive.unlink()
        assert again == accepted

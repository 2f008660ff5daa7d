import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.images.archives import (
    FOREIGN,
    PROGRAM,
    M,
    Sent,
    elf,
    folder,
    hard,
    link,
    sha,
)
from tests.sandbox.images.intakes import GOOD, code_of, take

from palio.sandbox.images import layer
from palio.sandbox.images.intake import IntakeLimits

BAD_CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "volume": ({"Volumes": {"/data": {}}}, "image:volume"),
    "volume in lower case": ({"config": {"volumes": {"/data": {}}, "Cmd": ["/x"]}}, "image:volume"),
    "onbuild": ({"OnBuild": ["RUN x"]}, "image:onbuild"),
    "root": ({"User": "root"}, "image:root-only"),
    "root by number": ({"User": "0:1000"}, "image:root-only"),
    "root by an odd number": ({"User": "+00"}, "image:root-only"),
    "no command": ({"Cmd": None}, "image:command"),
    "empty command": ({"Cmd": []}, "image:command"),
    "command without a name": ({"Cmd": ["", "x"]}, "image:command"),
    "command as text": ({"Cmd": "model"}, "image:json"),
    "command with nul": ({"Cmd": ["a\0b"]}, "image:json"),
    "command with half a character": ({"Cmd": ["\ud800"]}, "image:json"),
    "endless command": ({"Cmd": ["/usr/bin/model"] * 1001}, "image:json"),
    "huge argument": ({"Cmd": ["/usr/bin/model", "x" * 2**18]}, "image:json"),
    "variable without value": ({"Env": ["PATH"]}, "image:json"),
    "variable without name": ({"Env": ["=x"]}, "image:json"),
    "workdir at a descriptor": ({"WorkingDir": "/proc/self/fd/7"}, "image:workdir"),
    "relative workdir": ({"WorkingDir": "app"}, "image:workdir"),
    "workdir that climbs": ({"WorkingDir": "/usr/../../x"}, "image:workdir"),
    "workdir that is not there": ({"WorkingDir": "/app/none"}, "image:workdir"),
    "workdir that is a file": ({"WorkingDir": "/usr/bin/model"}, "image:workdir"),
    "workdir under a mount": ({"WorkingDir": "/output/x"}, "image:workdir"),
    "workdir with a line": ({"WorkingDir": "/a\nb"}, "image:workdir"),
    "workdir of another kind": ({"WorkingDir": ["/"]}, "image:workdir"),
    "windows": ({"os": "windows"}, "image:os"),
    "no system": ({"os": None}, "image:os"),
    "foreign": ({"architecture": FOREIGN}, "image:architecture"),
    "32-bit": ({"architecture": "386"}, "image:architecture"),
    "missing program": ({"Cmd": ["/usr/bin/none"]}, "image:program"),
    "program on no path": ({"Cmd": ["none"]}, "image:program"),
    "program that is a folder": ({"Cmd": ["/usr/bin"]}, "image:program"),
    "program in a mount": ({"Cmd": ["/input/model"]}, "image:program"),
    "no layers": ({"rootfs": {"type": "layers", "diff_ids": []}}, "image:digest"),
    "wrong layer": ({"rootfs": {"type": "layers", "diff_ids": [sha(b"")]}}, "image:digest"),
    "digest of no kind": ({"rootfs": {"type": "layers", "diff_ids": ["md5:1"]}}, "image:json"),
    "layers of no kind": ({"rootfs": {"type": "x", "diff_ids": []}}, "image:json"),
    "no root": ({"rootfs": None}, "image:json"),
}


@pytest.mark.parametrize("name", BAD_CONFIGS)
def test_a_config_that_asks_for_too_much_is_refused(tmp_path: Path, name: str) -> None:
    changes, code = BAD_CONFIGS[name]
    members = [PROGRAM, folder("output/x"), M("input/model", elf())]
    sent = Sent.of(members, **changes)
    assert {code_of(tmp_path, sent.docker()), code_of(tmp_path, sent.oci())} == {code}


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b'{"os": "linux", "os": "linux"}',
        b'{"os": "linux", "OS": "linux"}',
        b'{"os": "linux", "o\xc5\xbf": "x"}',
        b'{"a": NaN}',
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' + b"9" * 10_000 + b"}",
        b'{"a": "\xff"}',
        '{"os": "linux"}'.encode("utf-16"),
    ],
)
def test_a_config_that_readers_could_take_differently_is_refused(
    tmp_path: Path, text: bytes
) -> None:
    assert code_of(tmp_path, Sent(GOOD.layers, text).docker()) == "image:json"


def test_a_config_as_big_as_a_layer_is_refused(tmp_path: Path) -> None:
    sent = Sent.of(*GOOD.layers, history=[{"created_by": "x" * 2**20}])
    assert code_of(tmp_path, sent.docker()) == "image:missing"


BAD_LAYERS: dict[str, tuple[list[M], str]] = {
    "character device": ([M("dev/null", type=tarfile.CHRTYPE)], "image:device"),
    "block device": ([M("dev/sda", type=tarfile.BLKTYPE)], "image:device"),
    "named pipe": ([M("pipe", type=tarfile.FIFOTYPE)], "image:device"),
    "climbing name": ([M("../evil")], "image:name"),
    "name that climbs within": ([M("a/../../evil")], "image:name"),
    "absolute name": ([M("/etc/passwd")], "image:name"),
    "doubled slash": ([M("a//b")], "image:name"),
    "dot within": ([M("a/./b")], "image:name"),
    "name of the root": ([M(".")], "image:duplicate"),
    "name too long": ([M("n" * 256)], "image:name"),
    "path too long": ([M("/".join(["n" * 200] * 6))], "image:name"),
    "path too deep": ([M("/".join("d" * 129))], "image:name"),
    "symlink then file": ([link("etc", "/"), M("etc/evil")], "image:through-link"),
    "file then symlink": ([M("etc/evil"), link("etc", "/")], "image:duplicate"),
    "symlink then folder": ([link("etc", "/"), folder("etc")], "image:duplicate"),
    "file as a folder": ([M("a"), M("a/b")], "image:through-link"),
    "hard link then file": ([M("a"), hard("b", "a"), M("b/c")], "image:through-link"),
    "hard link outside": ([hard("a", "../../etc/shadow")], "image:name"),
    "absolute hard link": ([hard("a", "/etc/shadow")], "image:name"),
    "hard link to nothing": ([hard("a", "b"), M("b")], "image:hard-link"),
    "hard link to a folder": ([folder("b"), hard("a", "b")], "image:hard-link"),
    "hard link to itself": ([hard("a", "a")], "image:hard-link"),
    "hard link through a link": ([link("l", "usr"), hard("a", "l/bin/model")], "image:hard-link"),
    "hard link to a whiteout": ([M(".wh.b"), hard("a", ".wh.b")], "image:hard-link"),
    "twice": ([M("a"), M("a")], "image:duplicate"),
    "twice in two spellings": ([M("a"), M("./a")], "image:duplicate"),
    "link twice": ([link("a", "x"), link("a", "y")], "image:duplicate"),
    "empty link": ([link("a", "")], "image:name"),
    "whiteout of nothing": ([M(".wh.")], "image:whiteout"),
    "whiteout of the folder": ([M("a/.wh..")], "image:whiteout"),
    "whiteout of the parent": ([M("a/.wh...")], "image:whiteout"),
    "whiteout of a whiteout": ([M(".wh..wh.a")], "image:whiteout"),
    "whiteout as a folder": ([folder(".wh.a")], "image:whiteout"),
    "whiteout in a path": ([M(".wh.a/b")], "image:whiteout"),
    "whiteout as a link": ([link(".wh.a", "/")], "image:whiteout"),
    "whiteout with content": ([M(".wh.a", b"x")], "image:whiteout"),
    "opaque link": ([link("a/.wh..wh..opq", "/")], "image:whiteout"),
    "whiteout twice": ([M(".wh.a"), M(".wh.a")], "image:duplicate"),
    "added and removed": ([M("a"), M(".wh.a")], "image:whiteout"),
    "removed and added": ([M(".wh.a"), M("a")], "image:whiteout"),
    "removed and added below": ([M(".wh.a"), M("a/b")], "image:whiteout"),
    "overlay redirect": (
        [M("a", pax={"SCHILY.xattr.trusted.overlay.redirect": "/etc"})],
        "image:attribute",
    ),
    "overlay for users": (
        [M("a", pax={"SCHILY.xattr.user.overlay.opaque": "y"})],
        "image:attribute",
    ),
    "capability that is none": (
        [M("a", pax={"SCHILY.xattr.security.capability": "x"})],
        "image:attribute",
    ),
    "capability of no account": (
        [M("a", pax={"SCHILY.xattr.security.capability": "\0\0\0\3" + "\0" * 16 + "\udcff" * 4})],
        "image:attribute",
    ),
    "list of rights": (
        [M("a", pax={"SCHILY.xattr.system.posix_acl_access": "x"})],
        "image:attribute",
    ),
    "attribute without a name": ([M("a", pax={"SCHILY.xattr.user.": "x"})], "image:attribute"),
    "attribute of no kind": ([M("a", pax={"SCHILY.xattr.": "x"})], "image:attribute"),
    "attribute with a long name": (
        [M("a", pax={f"SCHILY.xattr.user.{'n' * 251}": "x"})],
        "image:attribute",
    ),
    "attribute larger than a file system takes": (
        [folder("a"), M("a/b", pax={"SCHILY.xattr.user.a": "x" * 2048})],
        "image:attribute",
    ),
    "more attributes than a file system takes": (
        [M("a", pax={f"SCHILY.xattr.user.{number}": "x" for number in range(60)})],
        "image:attribute",
    ),
    "users in the machine's log": (
        [folder("proc"), link("etc/passwd", "/proc/kmsg")],
        "image:users",
    ),
    "users through a folder of the image": (
        [M("proc/self/passwd"), link("etc/passwd", "/proc/self/passwd")],
        "image:users",
    ),
    "users through a link where another folder is mounted": (
        [M("a/fd/3"), link("proc/self", "/a"), link("etc/passwd", "/proc/self/fd/3")],
        "image:users",
    ),
    "users in a mount": ([M("output/a"), link("etc/passwd", "/output/a")], "image:users"),
    "groups in a folder": ([folder("etc/group")], "image:users"),
    "groups in a loop": ([link("etc/group", "group")], "image:users"),
    "file in the place of etc": ([M("etc")], "image:users"),
    "etc in a process": ([link("etc", "/proc/self")], "image:users"),
    "etc in a kernel": ([link("etc", "dev")], "image:users"),
    "file at a mount point": ([M("output")], "image:mount-point"),
    "link at a mount point": ([link("dev", "/usr")], "image:mount-point"),
}


@pytest.mark.parametrize("name", BAD_LAYERS)
def test_a_layer_with_a_trick_is_refused(tmp_path: Path, name: str) -> None:
    members, code = BAD_LAYERS[name]
    sent = Sent.of([PROGRAM, *members])
    assert code_of(tmp_path, sent.docker()) == code


def test_more_groups_than_an_engine_has_memory_for_are_refused(tmp_path: Path) -> None:
    roomy = IntakeLimits(bytes=2**24)
    lines = b"65534:x:65534:\n" * (2**20 // 15)
    taken = take(tmp_path, Sent.of([PROGRAM, M("etc/group", lines)]).docker(), roomy)
    taken.archive.unlink()
    many = Sent.of([PROGRAM, M("a", lines * 2), hard("etc/group", "a")])
    assert code_of(tmp_path, many.docker(), roomy) == "image:users"


def test_a_link_at_workdir_to_a_descriptor_is_refused(tmp_path: Path) -> None:
    members = [PROGRAM, folder("proc/self"), link("app", "/proc/self"), link("srv", "app")]
    for workdir in ("/app", "/srv", "/srv/../app"):
        sent = Sent.of(members, WorkingDir=workdir)
        assert code_of(tmp_path, sent.docker()) == "image:workdir"


PROGRAMS: dict[str, tuple[list[M], dict[str, Any], str]] = {
    "32-bit": ([M("p", elf(bits=32))], {}, "image:architecture"),
    "foreign": ([M("p", elf(architecture=FOREIGN))], {}, "image:architecture"),
    "other byte order": ([M("p", elf(byteorder=2))], {}, "image:architecture"),
    "text": ([M("p", b"print(1)")], {}, "image:program"),
    "empty": ([M("p")], {}, "image:program"),
    "half a header": ([M("p", elf()[:10])], {}, "image:program"),
    "not to be executed": ([M("p", elf(), mode=0o644)], {}, "image:root-only"),
    "for root alone": ([M("p", elf(), mode=0o700)], {}, "image:root-only"),
    "for a group": ([M("p", elf(), mode=0o750)], {}, "image:root-only"),
    "of nobody, forbidden": ([M("p", elf(), mode=0o077, uid=65534)], {}, "image:root-only"),
    "in root's folder": (
        [folder("root", 0o700), M("root/p", elf())],
        {"Cmd": ["/root/p"]},
        "image:root-only",
    ),
    "by a link into root's folder": (
        [folder("root", 0o700), M("root/p", elf()), link("p", "root/p")],
        {},
        "image:root-only",
    ),
    "link to nothing": ([link("p", "none")], {}, "image:program"),
    "link to itself": ([link("p", "p")], {}, "image:program"),
    "script without its interpreter": ([M("p", b"#!/bin/none -x\n")], {}, "image:program"),
    "script for an empty line": ([M("p", b"#!\n")], {}, "image:program"),
    "script for itself": ([M("p", b"#!/p\n")], {}, "image:program"),
    "script nobody may read": (
        [M("p", b"#!/usr/bin/model\n", mode=0o711)],
        {},
        "image:root-only",
    ),
    "script for a foreign program": (
        [M("p", b"#! /i\n"), M("i", elf(architecture=FOREIGN))],
        {},
        "image:architecture",
    ),
    "removed by a later layer": ([M("p", elf())], {"Cmd": ["/gone"]}, "image:program"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_cannot_start_is_refused(tmp_path: Path, name: str) -> None:
    members, changes, code = PROGRAMS[name]
    sent = Sent.of(
        [PROGRAM, M("gone", elf()), *members], [M(".wh.gone")], **{"Cmd": ["/p"]} | changes
    )
    assert code_of(tmp_path, sent.docker()) == code


@pytest.mark.parametrize(
    ("members", "changes"),
    [
        ([M("p", elf())], {"Entrypoint": ["/p"], "Cmd": None}),
        ([M("opt/p", elf())], {"Cmd": ["p"], "Env": ["PATH=/none:/opt"]}),
        ([M("usr/local/bin/p", elf())], {"Cmd": ["p"], "Env": None}),
        ([M("app/p", elf())], {"Cmd": ["./p"], "WorkingDir": "/app", "User": "model:7"}),
        ([M("p", b"#!/usr/bin/env python\n"), M("usr/bin/env", elf())], {"Cmd": ["/p"]}),
        ([M("p", elf(), mode=0o500, uid=65534)], {"Cmd": ["/p"]}),
        ([link("bin", "usr/bin")], {"Cmd": ["/bin/model"]}),
        ([link("bin", "../../usr/bin")], {"Cmd": ["/bin/../bin/model"]}),
        ([M("usr/bin/sh", elf()), link("bin", "usr/bin")], {"Cmd": ["/bin/sh", "-c", "x"]}),
        ([M("a", pax={"SCHILY.xattr.security.capability": "\1\0\0\2" + "\0" * 16})], {}),
        ([M("a", pax={"SCHILY.xattr.user.mime": "text/plain"})], {}),
        ([M("nix/passwd", b"x"), folder("etc"), link("etc/passwd", "/nix/passwd")], {}),
        ([M("nix/etc/group", b"x"), link("etc", "nix/etc")], {}),
        ([M("etc/passwd", b"x" * 2**19)], {}),
        ([link("etc", "/")], {}),
        ([folder("a"), folder("a"), M("a/b"), hard("c", "a/b"), hard("d", "c")], {}),
    ],
)
def test_a_program_that_can_start_is_taken(
    tmp_path: Path, members: list[M], changes: dict[str, Any]
) -> None:
    sent = Sent.of([PROGRAM, *members], **changes)
    assert take(tmp_path, sent.docker()).layers == tuple(map(sha, sent.layers))


@pytest.mark.parametrize("field", ["Cmd", "Env"])
@pytest.mark.parametrize("text", ["A=" + "x" * 2**17, "A=" + "é" * 2**16])
def test_text_that_no_program_can_be_started_with_is_refused(
    tmp_path: Path, field: str, text: str
) -> None:
    config = {"Cmd": ["/usr/bin/model"], "Env": []}
    config[field].append(text)
    assert code_of(tmp_path, Sent.of([PROGRAM], **config).docker()) == "image:json"


def test_names_that_would_fill_the_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "NAMES_MAX", 20_000)
    links = [link(f"opt/{number:04}", "x" * 4000) for number in range(6)]
    take(tmp_path, Sent.of([PROGRAM, *links[:4]]).docker())
    (tmp_path / "into" / "image.tar").unlink()
    assert code_of(tmp_path, Sent.of([PROGRAM, *links]).docker()) == "image:name"

"""Archives of images, good ones and ones that nobody should make."""

import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
FOREIGN = {"amd64": "arm64", "arm64": "amd64"}[NATIVE]
MACHINES = {"amd64": 62, "arm64": 183}
Items = Mapping[str, bytes | tarfile.TarInfo | Mapping[str, Any]]


def elf(*, bits: int = 64, architecture: str = NATIVE, byteorder: int = 1) -> bytes:
    """The start of a program, as far as a kernel looks before it loads one."""
    machine = MACHINES[architecture].to_bytes(2, "little")
    return b"\x7fELF" + bytes([bits // 32, byteorder, 1]) + bytes(9) + b"\x02\0" + machine


@dataclass(frozen=True)
class M:
    """One member of a tar."""

    name: str
    content: bytes = b""
    type: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    pax: Mapping[str, str] = field(default_factory=dict)


def folder(name: str, mode: int = 0o755) -> M:
    return M(name, type=tarfile.DIRTYPE, mode=mode)


def link(name: str, target: str) -> M:
    return M(name, type=tarfile.SYMTYPE, link=target)


def hard(name: str, target: str) -> M:
    return M(name, type=tarfile.LNKTYPE, link=target)


PROGRAM = M("usr/bin/model", elf())


def tar_of(members: Sequence[M], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tar_format) as tar:
        for one in members:
            info = tarfile.TarInfo(one.name)
            info.type, info.linkname, info.mode = one.type, one.link, one.mode
            info.uid, info.gid, info.pax_headers = one.uid, one.gid, dict(one.pax)
            info.size = len(one.content)
            tar.addfile(info, io.BytesIO(one.content))
    return file.getvalue()


def raw_of(name: bytes, *, kind: bytes = b"0", size: bytes = b"0", **fields: bytes) -> bytes:
    """One header block with the fields exactly as given and a right checksum."""
    block = bytearray(512)
    block[0 : len(name)] = name
    block[100:108] = fields.get("mode", b"0000755\0")
    block[108:124] = b"0000000\0" * 2
    block[124 : 124 + len(size)] = size
    block[136:148] = b"00000000000\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = fields.get("magic", b"ustar\x0000")
    tail = fields.get("tail", b"")
    block[345 : 345 + len(tail)] = tail
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def unzipped(layer: bytes) -> bytes:
    return gzip.decompress(layer) if layer.startswith(b"\x1f\x8b") else layer


def config_of(layers: Sequence[bytes], **changes: Any) -> dict[str, Any]:
    """A good config; `changes` go to the top, or (capital letters) to what Docker calls Config."""
    inner = {"Cmd": ["/usr/bin/model"], "Env": ["PATH=/usr/bin", "A=b=c"], "WorkingDir": ""}
    image = {
        "architecture": NATIVE,
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [sha(unzipped(layer)) for layer in layers]},
    }
    inner |= {key: value for key, value in changes.items() if key[0].isupper()}
    image |= {key: value for key, value in changes.items() if not key[0].isupper()}
    return {"config": inner, **image}


@dataclass(frozen=True)
class Sent:
    """An archive in the making: a config, layers, and more members."""

    layers: Sequence[bytes]
    config: bytes
    more: Sequence[M] = ()

    @classmethod
    def of(cls, *layers: Sequence[M] | bytes, **changes: Any) -> "Sent":
        made = [one if isinstance(one, bytes) else tar_of(one) for one in layers]
        return cls(made, json.dumps(config_of(made, **changes)).encode())

    def and_also(self, *members: M) -> "Sent":
        return replace(self, more=members)

    def docker(self, **changes: Any) -> bytes:
        """As engines before version 25 save."""
        name = f"{sha(self.config)[7:]}.json"
        members, names = [], []
        for number, layer in enumerate(self.layers):
            names.append(f"{number:064x}/layer.tar")
            first = self.layers.index(layer)
            members += [folder(f"{number:064x}/"), M(f"{number:064x}/VERSION", b"1.0")]
            members.append(
                M(names[-1], layer)
                if first == number
                else link(names[-1], f"../{first:064x}/layer.tar")
            )
        listed = {"Config": name, "RepoTags": ["scorer:latest"], "Layers": names, **changes}
        members += [M(name, self.config), *self.more]
        members.append(M("manifest.json", json.dumps([listed]).encode()))
        return tar_of(members)

    def oci(self, *, is_nested: bool = False, has_docker_list: bool = False) -> bytes:
        """As OCI tools write, or (with Docker's list) engines from version 25 on."""
        blobs = {sha(blob): blob for blob in (self.config, *self.layers)}
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": described(self.config, "application/vnd.oci.image.config.v1+json"),
                "layers": [
                    described(layer, "application/vnd.oci.image.layer.v1.tar")
                    for layer in self.layers
                ],
            }
        ).encode()
        blobs[sha(manifest)] = manifest
        listed = [described(manifest, "application/vnd.oci.image.manifest.v1+json")]
        if is_nested:
            note = b'{"schemaVersion": 2, "layers": []}'
            blobs[sha(note)] = note
            unknown = {"os": "unknown", "architecture": "unknown"}
            absent = {"os": "linux", "architecture": FOREIGN}
            kind = "application/vnd.oci.image.manifest.v1+json"
            listed[0]["platform"] = {"os": "linux", "architecture": NATIVE}
            listed += [{**described(note, kind), "platform": unknown}]
            listed += [{**described(b"absent", kind), "platform": absent}]
            inner = json.dumps({"schemaVersion": 2, "manifests": listed}).encode()
            blobs[sha(inner)] = inner
            listed = [described(inner, "application/vnd.oci.image.index.v1+json")]
        index = {"schemaVersion": 2, "manifests": listed}
        members = [folder("blobs/"), folder("blobs/sha256/")]
        members += [M(path_of(digest), blob) for digest, blob in blobs.items()]
        members += [*self.more, M("index.json", json.dumps(index).encode())]
        if has_docker_list:
            names = [path_of(sha(layer)) for layer in self.layers]
            docker = {"Config": path_of(sha(self.config)), "RepoTags": ["a:b"], "Layers": names}
            members.append(M("manifest.json", json.dumps([docker]).encode()))
        return tar_of([*members, M("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')])


def described(blob: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": sha(blob), "size": len(blob)}


def path_of(digest: str) -> str:
    return f"blobs/{digest}".replace(":", "/")


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path

"""An image of ours with two programs of a few instructions: one waits, one tries a wall.

A container that keeps a volume mounted needs a program to be alive, and it must not be anybody
else's. These need no image of a system around them, so nothing has to be fetched or trusted.
"""

import hashlib
import io
import struct
import tarfile

from palio.sandbox.images.write import ArchiveWriter, Start, config_of

HOLD = "/hold"
TRY = "/try"

_ADDRESS = 0x400000
_PAUSE = bytes.fromhex("b822000000 0f05 ebf7")  # again: pause()
# socket(AF_VSOCK, SOCK_STREAM, 0), then exit with the number of the error: 256 - n for no error.
_VSOCK = bytes.fromhex("b829000000 bf28000000 be01000000 31d2 0f05 f7d8 89c7 b83c000000 0f05")


def archive() -> tuple[str, io.BytesIO]:
    """Write both programs as an image; always the same one, so that an engine holds it once.

    Returns:
        Its id, and the archive to be loaded.

    """
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for path, code in ((HOLD, _PAUSE), (TRY, _VSOCK)):
            program = executable(code)
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mode, entry.size = 0o755, len(program)
            tar.addfile(entry, io.BytesIO(program))
    diff_id = f"sha256:{hashlib.sha256(layer.getvalue()).hexdigest()}"
    target = io.BytesIO()
    writer = ArchiveWriter(target)
    writer.start().write(layer.getvalue())
    writer.finish(diff_id)
    config = config_of(Start((HOLD,)), [diff_id], architecture="amd64")
    image = writer.close(config, [diff_id])
    target.seek(0)
    return image, target


def executable(code: bytes) -> bytes:
    """Wrap x86-64 machine code as a Linux program: ELF header, one segment, the code."""
    header_bytes, segment_bytes = 64, 56
    start = header_bytes + segment_bytes
    size = start + len(code)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",  # 64 bits, little-endian
        2,  # a program at a fixed address
        62,  # x86-64
        1,
        _ADDRESS + start,
        header_bytes,
        *(0, 0, header_bytes, segment_bytes, 1, 0, 0, 0),
    )
    readable_and_executable = 5
    segment = struct.pack(
        "<IIQQQQQQ", 1, readable_and_executable, 0, _ADDRESS, _ADDRESS, size, size, 0x1000
    )
    return header + segment + code

"""Finds which shared libraries a program needs, as this machine's own loader finds them."""

import struct
import subprocess
from pathlib import Path

MAGIC = b"\x7fELF"
_PT_INTERP = 3
_LONG_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # elf(5), Elf64_Ehdr
_LONG_SEGMENT = struct.Struct("<IIQQQQQQ")  # elf(5), Elf64_Phdr
_IS_64_BIT, _IS_LITTLE = 2, 1
_SECONDS = 30


class NotElfError(ValueError):
    """A file is no 64-bit little-endian ELF file, or names no loader."""


def is_elf(path: Path) -> bool:
    """Tell whether a file begins as programs and libraries do."""
    with path.open("rb") as file:
        return file.read(4) == MAGIC


def loader_of(program: Path) -> str:
    """Return the absolute path of the dynamic loader a program asks for.

    Raises:
        NotElfError: It is no 64-bit program, or linked statically.

    """
    data = program.read_bytes()
    if data[:6] != MAGIC + bytes((_IS_64_BIT, _IS_LITTLE)):
        raise NotElfError(f"{program} is no 64-bit program of this kind of machine.")
    try:
        fields = _LONG_HEADER.unpack_from(data)
        table, size, count = fields[5], fields[9], fields[10]
        for number in range(count):
            segment = _LONG_SEGMENT.unpack_from(data, table + number * size)
            if segment[0] == _PT_INTERP:
                start, length = segment[2], segment[5]
                return data[start : start + length].rstrip(b"\0").decode()
    except (struct.error, UnicodeDecodeError, OverflowError) as error:
        raise NotElfError(f"{program} is damaged.") from error
    raise NotElfError(f"{program} is linked statically.")


def libraries(file: Path, *, loader: str) -> dict[str, Path | None]:
    """Return what a program or library needs, all the way down; nothing of it is run.

    Returns:
        Name of each library, and where it is here; None where it is missing.

    """
    listed = subprocess.run(  # noqa: S603 (the machine's own loader, which only lists)
        [loader, "--list", str(file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    found: dict[str, Path | None] = {}
    for line in listed.stdout.splitlines():
        name, arrow, place = line.strip().partition(" => ")
        if arrow:
            where = place.rpartition(" (")[0] or place
            found[Path(name).name] = Path(where) if where.startswith("/") else None
    return found

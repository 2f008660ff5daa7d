"""What a file really is, by its first bytes and never by its name."""

import re

from palio.scoring.refusal import PredictionsRefusedError, refused

_EXPORT = "Export as plain CSV (UTF-8) and upload that."
_MAGIC = (
    (b"PK\x05\x06", "wrong_format:zip_or_xlsx", "an empty zip archive"),
    (b"PK\x03\x04", "wrong_format:zip_or_xlsx", "a zip archive (or an Excel .xlsx)"),
    (b"PK\x07\x08", "wrong_format:zip_or_xlsx", "a zip archive (or an Excel .xlsx)"),
    (b"\x1f\x8b", "wrong_format:gzip", "gzip data"),
    (b"PAR1", "wrong_format:parquet", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "wrong_format:xls", "an old Excel .xls"),
    (b"\x89PNG", "wrong_format:png", "a PNG picture"),
    (b"GIF8", "wrong_format:gif", "a GIF picture"),
    (b"\xff\xd8\xff", "wrong_format:jpeg", "a JPEG picture"),
    (b"%PDF", "wrong_format:pdf", "a PDF"),
    (b"BZh", "wrong_format:bzip2", "bzip2 data"),
    (b"\xfd7zXZ\x00", "wrong_format:xz", "xz data"),
    (b"7z\xbc\xaf\x27\x1c", "wrong_format:7z", "a 7z archive"),
    (b"Rar!", "wrong_format:rar", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "wrong_format:zstd", "zstd data"),
    (b"\x04\x22\x4d\x18", "wrong_format:lz4", "lz4 data"),
    (b"\x1f\x9d", "wrong_format:compress", "compress (.Z) data"),
    (b"\x7fELF", "wrong_format:elf", "a program"),
    (b"SQLite format 3", "wrong_format:sqlite", "an SQLite database"),
    (b"\x93NUMPY", "wrong_format:npy", "a NumPy array"),
    (b"ARROW1", "wrong_format:arrow", "an Arrow (Feather) file"),
    (b"FEA1", "wrong_format:arrow", "an old Feather file"),
    (b"\x89HDF", "wrong_format:hdf5", "an HDF5 file"),
    (b"Obj\x01", "wrong_format:avro", "an Avro file"),
    (b"{\\rtf", "wrong_format:rtf", "a rich text document"),
)
_PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_JSON = re.compile(rb"\{\s*[\"'}]|\[\s*([\[\]{\"0-9-]|(true|false|null)\b)")
_MARKUP = (b"<!doctype", b"<!--", b"<html", b"<?xml", b"<head", b"<body", b"<table")
_TAR_PLACE, _TAR = 257, b"ustar"
BOM = b"\xef\xbb\xbf"


def unreadable(head: bytes) -> PredictionsRefusedError | None:
    """Give the refusal for a file whose first bytes show that it is no plain text, else None."""
    for magic, code, name in _MAGIC:
        if head.startswith(magic):
            return refused(code, f"This is {name}, not CSV text. {_EXPORT}")
    if head.startswith(_TAR, _TAR_PLACE):
        return refused("wrong_format:tar", f"This is a tar archive, not CSV text. {_EXPORT}")
    if head.startswith(_PICKLES):
        return refused("wrong_format:pickle", f"This is a Python pickle, not CSV text. {_EXPORT}")
    if head.startswith(_UTF16):
        return refused("encoding:utf16", "The file is UTF-16 or UTF-32. Save it as UTF-8.")
    return _unreadable_text(head.removeprefix(BOM).lstrip(b" \t\r\n").lower())


def _unreadable_text(start: bytes) -> PredictionsRefusedError | None:
    if _JSON.match(start):
        return refused("wrong_format:json", f"This is JSON, not CSV text. {_EXPORT}")
    if start.startswith(_MARKUP):
        return refused("wrong_format:html", f"This is a web page or XML, not CSV text. {_EXPORT}")
    return None


def is_zip(head: bytes) -> bool:
    """Tell a zip archive."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))


def is_gzip(head: bytes) -> bool:
    """Tell gzip data."""
    return head.startswith(b"\x1f\x8b")


def is_parquet(head: bytes) -> bool:
    """Tell a Parquet file."""
    return head.startswith(b"PAR1")

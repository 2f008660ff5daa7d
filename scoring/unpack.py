"""Unpacks .csv.gz and .zip as they stream by, with a cap on what comes out."""

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

from palio.scoring import sniff
from palio.scoring.form import FileFormat, PredictionForm
from palio.scoring.refusal import refused

_PIECE = 1 << 16
_MOST_MEMBERS = 10_000  # of one gzip file; block compressors write one for each 64 KiB
_END = struct.Struct("<4sHHHHIIH")  # end of central directory, without a comment
_LARGEST_DIRECTORY = 1 << 18
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_GZIP_FRAME = 31
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    struct.error,
)


def unpacked(file: BinaryIO, head: bytes, *, form: PredictionForm) -> BinaryIO | None:
    """Give the plain content as a temporary file, or None when `file` is not packed.

    A packing that the form does not allow counts as not packed: the sniffing of plain text then
    refuses it by name.

    Raises:
        PredictionsRefusedError: More than `form.max_bytes` come out, or the packing is damaged,
            encrypted, nested or holds more than one file.

    """
    if sniff.is_gzip(head) and FileFormat.CSV_GZ in form.formats:
        return _collect(_gunzip(file), form)
    if sniff.is_zip(head) and FileFormat.ZIP in form.formats:
        return _collect(_unzip(file), form)
    return None


def _collect(pieces: Iterator[bytes], form: PredictionForm) -> BinaryIO:
    with ExitStack() as undo:
        plain = undo.enter_context(tempfile.TemporaryFile())
        total = 0
        for piece in pieces:
            total += len(piece)
            if total > form.max_bytes:
                text = f"More than {form.max_bytes:,} bytes come out of the file."
                raise refused("too_large", text)
            plain.write(piece)
        plain.seek(0)
        head = plain.read(4)
        if sniff.is_gzip(head) or sniff.is_zip(head):
            text = "There is a packed file inside the packed file. Pack once."
            raise refused("packed:nested", text)
        undo.pop_all()  # all is well: the caller closes it
    return plain


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    waiting = file.read(_PIECE)
    for _ in range(_MOST_MEMBERS):
        member = zlib.decompressobj(_GZIP_FRAME)
        piece = b""
        while not member.eof:
            if not waiting and len(piece) < _PIECE:  # a full piece may have more behind it
                raise refused("packed:broken", "The gzip data ends too early. Was the file cut?")
            try:
                piece = member.decompress(waiting, _PIECE)
            except zlib.error:
                text = "The gzip data is damaged, or other bytes follow it. Pack the file anew."
                raise refused("packed:broken", text) from None
            yield piece
            waiting = member.unused_data or member.unconsumed_tail or file.read(_PIECE)
        if not waiting:
            return
    raise refused("packed:broken", f"The gzip data has more than {_MOST_MEMBERS:,} parts.")


def _unzip(file: BinaryIO) -> Iterator[bytes]:
    _check_end(file)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            member = _only_member(archive)
            with archive.open(member) as content:
                while piece := content.read(_PIECE):
                    yield piece
    except _ZIP_FAULTS:
        raise refused("packed:broken", "The zip archive is damaged. Pack the file anew.") from None


def _check_end(file: BinaryIO) -> None:
    """Look at the end record before `zipfile` reads the whole directory into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size))
    record = file.read()
    if len(record) < _END.size or not record.startswith(b"PK\x05\x06"):
        text = "The zip archive is cut, or something follows it. Pack the file anew."
        raise refused("packed:broken", text)
    _, _, _, _, entries, directory, _, comment = _END.unpack(record)
    if entries != 1:
        text = f"The zip archive holds {entries} files; exactly one is wanted."
        raise refused("packed:members", text)
    if comment or directory > _LARGEST_DIRECTORY:
        raise refused("packed:broken", "The zip archive's directory is odd. Pack the file anew.")


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) != 1 or members[0].is_dir():
        raise refused("packed:members", "The zip archive must hold exactly one file.")
    if members[0].flag_bits & _ENCRYPTED:
        raise refused("packed:encrypted", "The zip archive is encrypted. Pack without a password.")
    if members[0].compress_type not in _METHODS:
        raise refused("packed:method", "The zip archive uses a rare compression. Use deflate.")
    if members[0].header_offset != 0:
        raise refused("packed:broken", "Something stands before the zip archive. Pack anew.")
    return members[0]

"""Pure decisions about data files: which names and sizes are fit to be offered, and as what."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from palio.core.errors import Finding

FILES_MAX = 1000
PART_BYTES_MAX = 200
PATH_BYTES_MAX = 500
_FORBIDDEN = frozenset('\\:*?"<>|')  # what some system cannot have in a file's name
_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

# Nothing here is run or shown as a page by a browser; whatever is not here is plain bytes.
_MEDIA_TYPES = {
    "bz2": "application/x-bzip2",
    "csv": "text/csv",
    "gz": "application/gzip",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "npy": "application/octet-stream",
    "parquet": "application/vnd.apache.parquet",
    "pdf": "application/pdf",
    "png": "image/png",
    "tar": "application/x-tar",
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "wav": "audio/wav",
    "xz": "application/x-xz",
    "zip": "application/zip",
    "zst": "application/zstd",
}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One thing found in a data folder.

    Attributes:
        path: Below the folder, with forward slashes.
        bytes: Its size.
        is_plain: A regular file, and neither it nor a folder above it is a link.

    """

    path: str
    bytes: int
    is_plain: bool = True


def media_type(path: str) -> str:
    """Return the media type of a file by the end of its name, plain bytes when in doubt."""
    ending = path.rpartition("/")[2].rpartition(".")[2].lower() if "." in path else ""
    return _MEDIA_TYPES.get(ending, "application/octet-stream")


def find_faults(files: Sequence[FoundFile]) -> tuple[Finding, ...]:
    """Return every reason why these files cannot be offered, in the order given."""
    faults = [fault for file in files for fault in _faults_of(file)]
    folded = Counter(_fold(file.path) for file in files)
    faults += [
        Finding(
            code="data:same_name",
            text=f"{file.path!r} and another file differ in case or spelling only.",
            file=_shown(file.path),
            hint="Rename one; some systems hold them for the same file.",
        )
        for file in files
        if folded[_fold(file.path)] > 1
    ]
    if not files:
        faults.append(Finding(code="data:empty", text="The data folder has no files."))
    if len(files) > FILES_MAX:
        text = f"The data folder has more than {FILES_MAX:,} files."
        faults.append(Finding(code="data:many_files", text=text, hint="Pack them into an archive."))
    return tuple(faults)


def _shown(path: str) -> str:
    # Bytes that are no UTF-8 come from the system as halves of surrogate pairs.
    return path.encode("utf-8", "backslashreplace").decode()


def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def _faults_of(file: FoundFile) -> list[Finding]:
    faults = []
    if not file.is_plain:
        text = f"{file.path!r} is a link or no regular file."
        hint = "Put the file itself there."
        faults.append(Finding(code="data:no_file", text=text, file=_shown(file.path), hint=hint))
    words = _name_fault(file.path)
    if words:
        text = f"The name {file.path!r} {words}."
        faults.append(
            Finding(code="data:bad_name", text=text, file=_shown(file.path), hint="Rename it.")
        )
    return faults


def _name_fault(path: str) -> str:
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "does not stay in the data folder"
    if any(part.startswith(".") for part in parts):
        return "begins with a dot, as hidden files do"
    if any(part != part.strip() or part.endswith(".") for part in parts):
        return "begins or ends with a space, or ends with a dot"
    if any(c in _FORBIDDEN or unicodedata.category(c) in _UNSHOWABLE for c in path):
        return "has characters that not every system can have in a file's name"
    sizes = [len(part.encode()) for part in parts]
    if max(sizes) > PART_BYTES_MAX or len(path.encode()) > PATH_BYTES_MAX:
        return f"is too long: {PART_BYTES_MAX} bytes for each part, {PATH_BYTES_MAX} in all"
    return ""

"""Looks at what lies in a challenge folder: files that are there, and nothing but plain files."""

from collections.abc import Iterator
from pathlib import Path

from palio.challenges.fields import printable
from palio.core.errors import Finding

NO_LINK = "Put the thing itself here; a link could publish any file of this machine."
_PATH_MOST = 200
_DEPTH_MOST = 18  # what a bundle takes, with the folders above


class FolderReader:
    """Notes what is wrong with the files of a challenge folder.

    Args:
        folder: The challenge folder.

    Attributes:
        findings: What must be mended.
        warnings: What may stay.

    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []

    def fault(self, code: str, file: str, text: str, *, hint: str = "") -> None:
        """Note a fault."""
        self.findings.append(
            Finding(code=code, text=printable(text), file=printable(file), hint=hint)
        )

    def warn(self, code: str, file: str, text: str, *, hint: str = "") -> None:
        """Note something doubtful."""
        self.warnings.append(
            Finding(code=code, text=printable(text), file=printable(file), hint=hint)
        )

    def has_file(self, name: str, *, is_required: bool = False) -> bool:
        """Tell whether a plain file is there; anything else of that name is a fault."""
        path = self.folder / name
        if path.is_symlink():
            self.fault("file:link", name, f"{name} is a link.", hint=NO_LINK)
            return False
        if path.is_file():
            return True
        if path.exists():
            self.fault("file:kind", name, f"{name} must be a file.")
        elif is_required:
            self.fault("file:missing", name, f"{name} is missing.")
        return False

    def files_in(self, name: str, *, hint: str, is_public: bool = True) -> tuple[str, ...]:
        """Return the files below a folder that must have some, relative to it and sorted.

        Args:
            name: The folder, inside the challenge folder.
            hint: What belongs there, told where nothing is.
            is_public: Everybody will see them.

        """
        folder = self.folder / name
        if folder.is_symlink():
            self.fault("file:link", name, f"{name} is a link.", hint=NO_LINK)
            return ()
        before = len(self.findings)
        found = (
            tuple(self._files_below(folder, name, is_public=is_public)) if folder.is_dir() else ()
        )
        if not found and len(self.findings) == before:
            self.fault("file:missing", name, f"There are no files in {name}/.", hint=hint)
        return found

    def _files_below(self, folder: Path, shown_folder: str, *, is_public: bool) -> Iterator[str]:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            shown = f"{shown_folder}/{name}"
            if path.is_symlink():
                self.fault("file:link", shown, f"{shown} is a link.", hint=NO_LINK)
            elif path.is_dir():
                continue
            elif not path.is_file():
                self.fault("file:kind", shown, f"{shown} is not a plain file.")
            elif not _is_sound_name(name):
                hint = f"Use printable characters, no backslash, at most {_PATH_MOST} in all."
                self.fault("file:name", shown, f"{shown} has a name that travels badly.", hint=hint)
            else:
                if is_public and any(part.startswith(".") for part in Path(name).parts):
                    self.warn("file:hidden", shown, f"{shown} is hidden, and will be published.")
                yield name


def _is_sound_name(name: str) -> bool:
    is_plain = name.isprintable() and "\\" not in name
    return is_plain and len(name) <= _PATH_MOST and name.count("/") <= _DEPTH_MOST

"""Reads palio-model.toml, where a team's code says how it is started."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from palio.sandbox.spec import ImageRefusedError

FILE = "palio-model.toml"
BYTES_MAX = 64 * 2**10
WORDS_MAX = 100
WORD_MAX = 4000  # characters
NAME_MAX = 100  # characters
EXAMPLE = 'command = ["python", "main.py"]'
_KEYS = frozenset({"command", "name"})
_INTERPRETERS = frozenset({"python", "python3", "sh"})


@dataclass(frozen=True, slots=True)
class ModelToml:
    """What palio-model.toml says.

    Attributes:
        command: Program and arguments; started in the folder of the code.
        name: What its authors call it; may be empty.

    """

    command: tuple[str, ...]
    name: str = ""


def read(folder: Path) -> ModelToml:
    """Read palio-model.toml of a folder of code.

    Raises:
        ImageRefusedError: ``model:missing``, ``model:unreadable``, ``model:toml``,
            ``model:key``, ``model:command``, ``model:name`` or ``model:file``.

    """
    path = folder / FILE
    if path.is_symlink() or not path.is_file():
        raise _missing(folder)
    if path.stat().st_size > BYTES_MAX:
        raise ImageRefusedError("model:unreadable", f"{FILE} is larger than 64 KiB.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ImageRefusedError(
            "model:unreadable", f"{FILE} is not in UTF-8.", hint="Save it as plain text in UTF-8."
        ) from error
    model = parse(text)
    _check_file(folder, model.command, text)
    return model


def parse(text: str) -> ModelToml:
    """Read the text of a palio-model.toml.

    Raises:
        ImageRefusedError: As `read`, but for what concerns other files.

    """
    try:
        said = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ImageRefusedError(
            "model:toml", f"{FILE} is not TOML: {error}.", hint=f"It needs one line: {EXAMPLE}"
        ) from error
    if unknown := sorted(said.keys() - _KEYS):
        place = _place(text, unknown[0])
        raise ImageRefusedError(
            "model:key",
            f"{place} says {unknown[0][:WORD_MAX]!a}, which means nothing here.",
            hint="There are two keys: command and name.",
        )
    return ModelToml(command=_command(said, text), name=_name(said, text))


def _command(said: dict[str, Any], text: str) -> tuple[str, ...]:
    if "command" not in said:
        raise ImageRefusedError(
            "model:command", f"{FILE} does not say how to start the code.", hint=f"Add: {EXAMPLE}"
        )
    command, place = said["command"], _place(text, "command")
    if isinstance(command, str):
        raise ImageRefusedError(
            "model:command", f"{place}: command is one text.", hint=f"Write a list: {EXAMPLE}"
        )
    if not isinstance(command, list) or not all(isinstance(word, str) for word in command):
        raise ImageRefusedError(
            "model:command", f"{place}: command is no list of texts.", hint=f"Write: {EXAMPLE}"
        )
    if not command or not command[0]:
        raise ImageRefusedError(
            "model:command", f"{place}: command is empty.", hint=f"Write: {EXAMPLE}"
        )
    if len(command) > WORDS_MAX or any(len(word) > WORD_MAX or "\0" in word for word in command):
        raise ImageRefusedError(
            "model:command",
            f"{place}: command is too long, or has a zero character.",
            hint=f"At most {WORDS_MAX} words of {WORD_MAX} characters.",
        )
    return tuple(command)


def _name(said: dict[str, Any], text: str) -> str:
    name = said.get("name", "")
    if isinstance(name, str) and len(name) <= NAME_MAX and (name.isprintable() or not name):
        return name
    raise ImageRefusedError(
        "model:name",
        f"{_place(text, 'name')}: name is not a plain text of at most {NAME_MAX} characters.",
    )


def _check_file(folder: Path, command: tuple[str, ...], text: str) -> None:
    """Refuse a command whose script is not in the folder; what else it starts is its business."""
    program, first = command[0], command[1] if len(command) > 1 else "-"
    script = first if program in _INTERPRETERS else program if program.startswith("./") else "-"
    if script.startswith(("-", "/")):
        return
    if ".." not in Path(script).parts and _is_there(folder / script):
        return
    raise ImageRefusedError(
        "model:file",
        f"{_place(text, 'command')}: command starts {script[:NAME_MAX]!a}, "
        "which is not in the folder.",
        hint=f"Put it beside {FILE}, or name the one that is there.",
    )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # longer than any name can be
        return False


def _place(text: str, key: str) -> str:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip("\ufeff [\"'").startswith(key):
            return f"{FILE}, line {number}"
    return FILE


def _missing(folder: Path) -> ImageRefusedError:
    deeper = sorted(each.parent.name for each in folder.glob(f"*/{FILE}"))
    if deeper:
        return ImageRefusedError(
            "model:missing",
            f"{FILE} is in the folder {deeper[0][:NAME_MAX]!a}, not at the top.",
            hint="Pack what is in that folder: palio model pack FOLDER",
        )
    return ImageRefusedError(
        "model:missing",
        f"There is no {FILE}.",
        hint=f"Make the file with this line: {EXAMPLE}",
    )

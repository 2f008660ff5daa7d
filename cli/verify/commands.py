"""`palio verify`: check receipts and boards on one's own machine, without any server."""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palio.cli.client import show
from palio.cli.client.command import Ended, command, server_and_token
from palio.cli.client.errors import EXIT_REFUSED, ClientError

if TYPE_CHECKING:
    from palio.cli.verify.findings import Findings

KeyOption = Annotated[
    str,
    typer.Option(metavar="KEY", help="The server's public key, as on its page Log, or a file."),
]
SIZE_MOST = 4 * 2**30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What a damaged archive makes the reader raise.
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add `palio verify` to the program."""
    verify = typer.Typer(help="Check receipts and boards without any server.", no_args_is_help=True)
    command(verify, "receipt", is_local=True)(verify_receipt)
    command(verify, "board", is_local=True)(verify_board)
    app.add_typer(verify, name="verify", rich_help_panel="Take part")
    command(app, "checkpoint", panel="Take part")(checkpoint)


def verify_receipt(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Its file.")],
    *,
    key: KeyOption = "",
    team: Annotated[str, typer.Option(metavar="ID", help="Whose it should be.")] = "",
) -> object:
    """Check a receipt: its signatures, its place in the log, the private score it promised."""
    from palio.cli.verify import receipt  # noqa: PLC0415 (slow import)

    if zipfile.is_zipfile(file):
        raise ClientError(
            f"{file} is no receipt but an archive.",
            hint=f"A bundle is checked with: palio verify board {file}",
        )
    if not _is_json(file):
        raise ClientError(
            f"{file} is no receipt, or a damaged one: it cannot be read as JSON.",
            hint="Bring a receipt anew with: palio receipt ID",
        )
    return _tell(receipt.check(file.read_bytes(), key=_key(key), team=team), has_key=bool(key))


def verify_board(
    bundle: Annotated[
        Path, typer.Argument(exists=True, help="What palio bundle wrote, or its folder.")
    ],
    *,
    key: KeyOption = "",
    answers: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Opened answers, all or one row."),
    ] = None,
    receipt: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="It must have a place; may come again."),
    ] = None,
) -> object:
    """Check a board: rank it again, and hold log, promises and signatures against each other."""
    from palio.cli.verify import board  # noqa: PLC0415 (slow import)

    if bundle.is_file() and not zipfile.is_zipfile(bundle) and _is_json(bundle):
        raise ClientError(
            f"{bundle} is no bundle.",
            hint=f"A receipt is checked with: palio verify receipt {bundle}",
        )
    files, fault = read_bundle(bundle)
    opened = answers.read_bytes() if answers else None
    kept = [file.read_bytes() for file in receipt or ()]
    found = board.check(files, key=_key(key), answers=opened, receipts=kept)
    if fault:
        found.faults.insert(0, (bundle.name, fault))
    return _tell(found, has_key=bool(key))


def checkpoint(
    *,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write it here, to be kept.")
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="One that you, or others, kept."),
    ] = None,
    key: KeyOption = "",
) -> object:
    """Bring the log's signed head; with --since, check that it continues the one kept."""
    from palio.cli.client.log import LogApi  # noqa: PLC0415 (slow import)
    from palio.cli.client.transfer import write_whole  # noqa: PLC0415 (slow import)
    from palio.cli.verify import growth  # noqa: PLC0415 (slow import)

    given, before = _key(key), since.read_text(errors="replace") if since else None
    with LogApi(*server_and_token()) as api:
        head = api.head()
        note = head["checkpoint"]
        found = growth.check(note, before, key=given, others=head["keys"], proof=api.growth)
    if out:
        write_whole(out, iter([note.encode()]))
        show.line(f"Written to {out}. Keep it, and compare it with others.")
    return _tell(found, has_key=bool(key))


def _is_json(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(1) == b"{"


def read_bundle(path: Path) -> tuple[dict[str, bytes], str]:
    """Return the files of a bundle, and what is wrong with how they are packed.

    A zip that `palio challenge export` wrote has them in a folder ``bundle/``.
    """
    if path.is_dir():
        return {each.name: each.read_bytes() for each in path.iterdir() if each.is_file()}, ""
    try:
        with zipfile.ZipFile(path) as packed:
            return _unpacked(packed, path)
    except _DAMAGE as error:
        return {}, f"damaged: the archive cannot be read: {error}"


def _unpacked(packed: zipfile.ZipFile, path: Path) -> tuple[dict[str, bytes], str]:
    infos = packed.infolist()
    if sum(info.file_size for info in infos) > SIZE_MOST:
        return {}, f"the archive has more than {SIZE_MOST >> 30} GiB"
    if any(info.compress_type not in _METHODS for info in infos):
        return {}, "damaged: the archive is compressed in a way that Palio never uses"
    inner = [info for info in infos if "/bundle/" in info.filename]
    if inner:  # an export, of which the bundle is one folder
        found = {info.filename.rpartition("/")[2]: packed.read(info) for info in inner}
        is_one = len(found) == len(inner)
        return found, "" if is_one else "the archive has a file of the bundle more than once"
    files, fault = {}, ""
    for info in infos:
        try:
            files[info.filename] = packed.read(info)
        except _DAMAGE:
            fault = f"damaged: {info.filename} cannot be read from the archive"
    if not fault and packed_as_palio_does(files) != path.read_bytes():
        fault = "the archive was changed around its files"
    return files, fault


def packed_as_palio_does(files: dict[str, bytes]) -> bytes:
    """Pack files as the server does, so that every byte of an archive is accounted for."""
    from palio.core.packing import pack  # noqa: PLC0415 (slow import)

    return pack(files)


def _key(text: str) -> str:
    """Return the public key that was given, as itself or in a file; empty where none was."""
    if not text:
        return ""
    from palio.core.notes import NoteError, Verifier  # noqa: PLC0415 (slow import)

    try:
        return str(Verifier.parse(text if "+" in text else Path(text).read_text()))
    except (OSError, UnicodeDecodeError, NoteError) as error:
        raise ClientError(
            f"{text} is neither a public key nor a file with one.",
            hint="The key stands on the server's page Log, and at /api/v1/log/key.",
        ) from error


def _tell(found: "Findings", *, has_key: bool) -> object:
    for words in found.holds:
        show.line(f"✓ {words}")
    for words in found.unchecked:
        show.line(f"- not checked: {words}")
    for place, words in found.faults:
        show.line(f"✗ {place}: {words}", colour="red")
    document = {
        "is_sound": not found.faults,
        "holds": found.holds,
        "unchecked": found.unchecked,
        "faults": [{"where": place, "words": words} for place, words in found.faults],
    }
    if found.faults:
        return Ended(document, EXIT_REFUSED)
    show.line("Everything that was checked holds.", colour="green")
    if not has_key:
        show.line("Give --key with the key from the server's page Log, to know who signed.")
    return document

"""What is handed in: a file of predictions, code (packed here when it is a folder), or an image."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from palio.cli.client.answers import ChallengeDetail, Finding
from palio.cli.client.errors import EXIT_USAGE, ApiError, ClientError
from palio.cli.client.show import size_of

MANIFEST = "palio-model.toml"
_TAR_BLOCK, _TAR_AT, _TAR = 512, 257, b"ustar"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file on its way to the server.

    Attributes:
        delivery: What it is, in the server's words: predictions, code or image.

    """

    path: Path
    delivery: str


class NotOneThingError(ClientError):
    """Nothing, or more than one thing, was named to be submitted."""

    exit_code = EXIT_USAGE


def named(*, predictions: Path | None, code: Path | None, image: Path | None) -> Parcel:
    """Return the one thing that was named; raises `NotOneThingError`."""
    found = [
        Parcel(path, delivery)
        for path, delivery in ((predictions, "predictions"), (code, "code"), (image, "image"))
        if path is not None
    ]
    if len(found) != 1:
        raise NotOneThingError(
            "Name one thing to submit.",
            hint="palio submit FILE, or --code FOLDER, or --image model.tar.gz",
        )
    return found[0]


@contextmanager
def packed(parcel: Parcel) -> Iterator[Parcel]:
    """Give a file to send; a folder of code is packed for as long as the block runs.

    Raises:
        ApiError: The folder is no model; says why.

    """
    if not parcel.path.is_dir():
        yield parcel
        return
    with TemporaryDirectory(prefix="palio-") as folder:
        yield Parcel(_packed(parcel.path, Path(folder)), parcel.delivery)


def check(parcel: Parcel, challenge: ChallengeDetail) -> None:
    """Find out before gigabytes are on their way what the server would say at their end.

    Raises:
        ClientError: The challenge takes no such thing, or not now; it is too large; it is no image
            or zip.

    """
    offers = {offer["delivery"]: offer for offer in challenge.get("offers", [])}
    offer = offers.get(parcel.delivery)
    if offer is None:
        taken = ", ".join(offers) or "predictions"
        raise ClientError(f"{challenge['slug']} does not take {parcel.delivery}; it takes {taken}.")
    if not offer["is_offered"]:
        raise ClientError(offer["words"])
    most = (challenge.get("models") or {}).get(f"{parcel.delivery}_max_bytes", 0)
    size = parcel.path.stat().st_size
    if size > most:
        raise ClientError(
            f"{parcel.path.name} has {size_of(size)}; the limit for {parcel.delivery} is"
            f" {size_of(most)}."
        )
    if parcel.delivery == "image" and not _is_tar(parcel.path):
        raise ClientError(
            f"{parcel.path.name} is no container image.",
            hint="Make one with: docker save IMAGE | gzip > model.tar.gz",
        )
    if parcel.delivery == "code" and not zipfile.is_zipfile(parcel.path):
        raise ClientError(
            f"{parcel.path.name} is no zip with code.",
            hint="Name the folder itself, or make the zip with: palio model pack FOLDER",
        )


def _packed(folder: Path, into: Path) -> Path:
    from palio.sandbox import bundle, model_toml  # noqa: PLC0415 (slow import)
    from palio.sandbox.spec import ImageRefusedError  # noqa: PLC0415 (slow import)

    path = into / f"{folder.resolve().name or 'model'}.zip"
    try:
        model_toml.read(folder)
        bundle.pack(folder, path)
    except ImageRefusedError as error:
        raise ApiError(
            f"{folder} cannot be submitted as it is.",
            code=error.code,
            status=422,
            findings=[Finding(code=error.code, text=error.text, hint=error.hint)],
        ) from error
    return path


def is_model(path: Path) -> bool:
    """Tell whether this is a model rather than predictions: a folder, a zip with code, an image."""
    if path.is_dir():
        return True
    with suppress(OSError, zipfile.BadZipFile):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return MANIFEST in archive.namelist()
    return _is_tar(path)


def _is_tar(path: Path) -> bool:
    return any(block[_TAR_AT:].startswith(_TAR) for block in _first_blocks(path))


def _first_blocks(path: Path) -> Iterator[bytes]:
    with suppress(OSError), path.open("rb") as file:
        yield file.read(_TAR_BLOCK)
    with suppress(OSError, EOFError, zlib.error), gzip.open(path) as unpacked:
        yield unpacked.read(_TAR_BLOCK)

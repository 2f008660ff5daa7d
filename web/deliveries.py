"""What an upload claims to be: its first bytes are looked at, so that gigabytes are not in vain."""

from collections.abc import AsyncIterator

from palio.challenges.contracts import Delivery
from palio.core.errors import AppError
from palio.core.settings import Settings
from palio.submissions.contracts import UploadLimits

_HEAD_BYTES = 512  # one block of a tar
_TAR_AT, _TAR = 257, b"ustar"
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP = b"\x1f\x8b"  # a tar may be inside: intake will see
_ZSTD = b"\x28\xb5\x2f\xfd"


class WrongKindError(AppError):
    """The first bytes are not those of a container image, or of a zip with code."""

    code = "wrong_kind"
    status = 415


def limits_of(settings: Settings) -> UploadLimits:
    """Return what this installation takes, whatever a challenge says."""
    return UploadLimits(
        file_max_bytes=settings.upload_max_bytes, model_max_bytes=settings.model_max_bytes
    )


async def looked_at(stream: AsyncIterator[bytes], delivery: Delivery) -> AsyncIterator[bytes]:
    """Yield the bytes as they come, after a look at the first ones.

    Raises:
        WrongKindError: It cannot be what it was sent as. Prediction files are never judged here:
            their reader names every fault at once.

    """
    head = b""
    is_known = delivery is Delivery.PREDICTIONS
    async for piece in stream:
        if is_known:
            yield piece
            continue
        head += piece
        if len(head) >= _HEAD_BYTES:
            check_head(head, delivery)
            is_known = True
            yield head
    if not is_known:
        if head:  # of nothing at all, the store says that it is empty
            check_head(head, delivery)
        yield head


def check_head(head: bytes, delivery: Delivery) -> None:
    """Refuse what cannot be an image or a zip; see `looked_at`."""
    is_zip = head.startswith(_ZIPS)
    if delivery is Delivery.CODE and not is_zip:
        raise WrongKindError(
            "Code is sent as a zip, and this file is none. Pack the folder with palio-model.toml "
            "by: palio model pack FOLDER"
        )
    if delivery is Delivery.IMAGE and not _may_be_image(head):
        also = " It is a zip: was it meant as code?" if is_zip else ""
        also = " Packed by zstd it cannot be read here." if head.startswith(_ZSTD) else also
        raise WrongKindError(
            f"This file is no container image.{also} Make one with: "
            "docker save IMAGE | gzip > model.tar.gz"
        )


def _may_be_image(head: bytes) -> bool:
    return head.startswith(_GZIP) or head[_TAR_AT:].startswith(_TAR)

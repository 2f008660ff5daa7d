"""Which of the files in an archive are the one image that was sent."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from palio.sandbox.images import config
from palio.sandbox.images.archive import Contents, Layer
from palio.sandbox.images.config import Object
from palio.sandbox.spec import ImageRefusedError

_DOCKER, _OCI = "manifest.json", "index.json"
_MANIFESTS_MAX = 100
_NAMED_BY_DIGEST = re.compile(r"(?:.*/)?(?:sha256:)?([0-9a-f]{64})(?:\.json)?")
_ATTESTATION = ("vnd.docker.reference.type", "attestation-manifest")


@dataclass(frozen=True, slots=True)
class Image:
    """The config of the one image, as it is in the archive, and its layers, lowest first."""

    config: bytes
    layers: tuple[Layer, ...]


def find_image(contents: Contents) -> Image:
    """Return the one image of an archive; Docker's list and the OCI index must agree.

    Raises:
        ImageRefusedError: ``image:none``, ``image:several``, ``image:missing``,
            ``image:digest``, ``image:extra``, ``image:json``, ``image:name``, ``image:layer``.

    """
    images = []
    if _DOCKER in contents.small:
        images.append(_docker_image(contents))
    if _OCI in contents.small:
        images.append(_oci_image(contents))
    if not images:
        raise ImageRefusedError(
            "image:none",
            "There is no image in this file.",
            hint="Make it with: docker save IMAGE | gzip > model.tar.gz",
        )
    if len({image.config for image in images}) > 1:
        raise ImageRefusedError("image:several", "manifest.json and index.json name two images.")
    image = images[0]
    used = {layer.diff_id for layer in image.layers}
    if not used or any(layer.diff_id not in used for layer in contents.layers.values()):
        raise ImageRefusedError(
            "image:extra",
            "The archive holds layers that its image does not use, or an image without layers.",
            hint="Save one image alone: docker save IMAGE | gzip > model.tar.gz",
        )
    return image


def check_diff_ids(image: Image, diff_ids: tuple[str, ...]) -> None:
    """Compare what the config promises with what the layers are; raises ``image:digest``."""
    found = tuple(layer.diff_id for layer in image.layers)
    if found != diff_ids:
        wrong = [
            number
            for number, pair in enumerate(zip(found, diff_ids, strict=False), start=1)
            if pair[0] != pair[1]
        ]
        raise ImageRefusedError(
            "image:digest",
            f"Layer {wrong[0] if wrong else len(found)} is not what the config of the image says.",
            hint="Save the image again.",
        )


def _docker_image(contents: Contents) -> Image:
    listed = config.parse(contents.small[_DOCKER], what=_DOCKER)
    if not isinstance(listed, list) or len(listed) != 1:
        raise _several()
    image = config.fold(listed[0], what=_DOCKER)
    (path,) = config.texts([image.get("config")], what=_DOCKER)
    content = _small(contents, path)
    promised = _NAMED_BY_DIGEST.fullmatch(path)
    if promised and f"sha256:{promised.group(1)}" != _digest(content):
        raise _wrong_digest(path)
    names = config.texts(image.get("layers"), what=_DOCKER)
    layers = tuple(_layer(contents, name) for name in names)
    for name, layer in zip(names, layers, strict=True):
        if name.startswith("blobs/sha256/") and f"blobs/{layer.blob_digest}" != _colon(name):
            raise _wrong_digest(name)
    return Image(content, layers)


def _oci_image(contents: Contents) -> Image:
    index = config.fold(config.parse(contents.small[_OCI], what=_OCI), what=_OCI)
    found = {str(item["digest"]): item for item in _manifests(contents, index, seen=set())}
    if len(found) != 1:
        raise (
            _several()
            if found
            else ImageRefusedError(
                "image:missing", f"{_OCI} names no image that is in the archive."
            )
        )
    (descriptor,) = found.values()
    what = "The manifest of the image"
    manifest = config.fold(config.parse(_blob(contents, descriptor), what=what), what=what)
    listed = manifest.get("layers")
    if not isinstance(listed, list):
        raise ImageRefusedError("image:json", f"{what} lists no layers.")
    return Image(
        _blob(contents, config.fold(manifest.get("config"), what=what)),
        tuple(_layer_blob(contents, config.fold(item, what=what)) for item in listed),
    )


def _manifests(contents: Contents, index: Object, *, seen: set[str]) -> Iterator[Object]:
    """Give the descriptors of images that are in the archive, each once, those in indexes too."""
    listed = index.get("manifests")
    if not isinstance(listed, list) or len(listed) > _MANIFESTS_MAX:
        raise ImageRefusedError("image:json", "An index of images cannot be read.")
    for item in listed:
        descriptor = config.fold(item, what=_OCI)
        path = _path(descriptor)
        if _is_attestation(descriptor) or path in seen or path not in contents.small:
            continue  # an index may name images of other machines that were not saved
        seen.add(path)
        if str(descriptor.get("mediatype")).endswith((".index.v1+json", ".manifest.list.v2+json")):
            inner = config.fold(config.parse(_blob(contents, descriptor), what=_OCI), what=_OCI)
            yield from _manifests(contents, inner, seen=seen)
        else:
            yield descriptor


def _is_attestation(descriptor: Object) -> bool:
    """Tell whether it is what buildkit says about an image, such as what it was built from."""
    notes, platform = descriptor.get("annotations"), descriptor.get("platform")
    is_noted = isinstance(notes, dict) and notes.get(_ATTESTATION[0]) == _ATTESTATION[1]
    return is_noted or (
        isinstance(platform, dict)
        and (platform.get("os"), platform.get("architecture")) == ("unknown", "unknown")
    )


def _path(descriptor: Object) -> str:
    return f"blobs/{config.digest(descriptor.get('digest'), what=_OCI)}".replace(":", "/")


def _colon(path: str) -> str:
    return path.replace("blobs/sha256/", "blobs/sha256:")


def _blob(contents: Contents, descriptor: Object) -> bytes:
    path = _path(descriptor)
    content = _small(contents, path)
    if _digest(content) != descriptor["digest"] or len(content) != descriptor.get("size"):
        raise _wrong_digest(path)
    return content


def _layer_blob(contents: Contents, descriptor: Object) -> Layer:
    path = _path(descriptor)
    layer = _layer(contents, path)
    told: tuple[Any, Any] = (descriptor["digest"], descriptor.get("size"))
    if (layer.blob_digest, layer.blob_bytes) != told:
        raise _wrong_digest(path)
    return layer


def _small(contents: Contents, name: str) -> bytes:
    path = contents.name_of(name)
    if path not in contents.small:
        raise ImageRefusedError("image:json", f"{name[:200]!a} should be JSON and is a layer.")
    return contents.small[path]


def _layer(contents: Contents, name: str) -> Layer:
    path = contents.name_of(name)
    if path not in contents.layers:
        raise ImageRefusedError("image:layer", f"{name[:200]!a} should be a layer and is no tar.")
    return contents.layers[path]


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _several() -> ImageRefusedError:
    return ImageRefusedError(
        "image:several",
        "The file must hold exactly one image.",
        hint="Save one image, for one platform: docker save IMAGE | gzip > model.tar.gz",
    )


def _wrong_digest(path: str) -> ImageRefusedError:
    return ImageRefusedError(
        "image:digest",
        f"The file {path[:200]!a} in the archive is not what its name or its digest says.",
        hint="Save the image again.",
    )

"""The JSON of images: read strictly, so that no engine can find in it what we did not."""

import json
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from palio.sandbox.spec import SCRATCH, ImageRefusedError

JSON_BYTES_MAX = 2**20
_ITEMS_MAX = 1000
_TEXT_BYTES_MAX = 2**17 - 1  # of one argument, in Linux; here of all together
_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_ROOT = re.compile(r"root|[+-]?0+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image says of itself, as far as it matters here.

    Attributes:
        workdir: Absolute; `/tmp` when the image names none.
        diff_ids: Digests of the unpacked layers, lowest first.

    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    workdir: str
    user: str
    diff_ids: tuple[str, ...]


def native_architecture() -> str:
    """Return the architecture of this machine in the words of images, such as ``amd64``."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def parse(content: bytes, *, what: str) -> object:
    """Read JSON that has no key twice in one object, in whatever case, and no odd numbers.

    Engines take ``volumes`` for ``Volumes``; the keys of `fold` are therefore lower-case.

    Raises:
        ImageRefusedError: ``image:json``.

    """
    try:
        value: object = json.loads(
            content.decode("utf-8"), object_pairs_hook=_without_doubles, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise ImageRefusedError("image:json", f"{what} is no JSON that can be read.") from error
    return value


def fold(value: object, *, what: str) -> Object:
    """Return an object with lower-case keys.

    Raises:
        ImageRefusedError: ``image:json``: no object, or two keys that differ only in case.

    """
    if not isinstance(value, dict):
        raise ImageRefusedError("image:json", f"{what} is no JSON object.")
    folded = {key.lower(): item for key, item in value.items()}
    # Engines fold some letters outside ASCII too, such as the Kelvin sign to k.
    if len(folded) != len(value) or not all(key.isascii() for key in value):
        raise ImageRefusedError("image:json", f"{what} has a key twice, or a key not in ASCII.")
    return folded


def digest(value: object, *, what: str) -> str:
    """Return a digest; raise ``image:json`` when it is none of sha256."""
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ImageRefusedError("image:json", f"{what} names no sha256 digest.")
    return value


def texts(value: object, *, what: str) -> tuple[str, ...]:
    """Return a list of texts without NUL, nothing for null; raises ``image:json``."""
    items = [] if value is None else value
    if not isinstance(items, list) or len(items) > _ITEMS_MAX:
        raise ImageRefusedError("image:json", f"{what} is no list, or one that is too long.")
    if not all(isinstance(item, str) and _is_safe(item) for item in items):
        raise ImageRefusedError("image:json", f"{what} holds something other than plain text.")
    if sum(len(item.encode()) for item in items) > _TEXT_BYTES_MAX:
        raise ImageRefusedError("image:json", f"{what} is too long.")
    return tuple(items)


def read_config(content: bytes, *, architecture: str) -> ImageConfig:
    """Read and check the config of an image.

    Raises:
        ImageRefusedError: ``image:os``, ``image:architecture``, ``image:volume``,
            ``image:onbuild``, ``image:root-only``, ``image:command``, ``image:workdir``,
            ``image:json``.

    """
    what = "The config of the image"
    image = fold(parse(content, what=what), what=what)
    _check_platform(image, architecture)
    config = fold(image.get("config") or {}, what=what)
    _check_traits(config)
    rootfs = fold(image.get("rootfs"), what=what)
    if rootfs.get("type") != "layers":
        raise ImageRefusedError("image:json", f"{what} lists no layers.")
    argv = texts(config.get("entrypoint"), what="ENTRYPOINT") + texts(config.get("cmd"), what="CMD")
    if not argv or not argv[0]:
        raise ImageRefusedError(
            "image:command",
            "The image does not say what to run.",
            hint='Add a line such as CMD ["python", "main.py"] to the Dockerfile.',
        )
    return ImageConfig(
        argv=argv,
        env=dict(_variables(config.get("env"))),
        workdir=_workdir(config.get("workingdir")),
        user=_user(config.get("user")),
        diff_ids=tuple(
            digest(item, what=what) for item in texts(rootfs.get("diff_ids"), what=what)
        ),
    )


def _check_platform(image: Object, architecture: str) -> None:
    if image.get("os") != "linux":
        raise ImageRefusedError(
            "image:os", f"The image is for {image.get('os')!a}; only linux runs here."
        )
    if image.get("architecture") != architecture:
        raise ImageRefusedError(
            "image:architecture",
            f"The image is for {image.get('architecture')!a}; this machine is {architecture}.",
            hint=f"Build it with: docker build --platform linux/{architecture}",
        )


def _check_traits(config: Object) -> None:
    if config.get("volumes"):
        raise ImageRefusedError(
            "image:volume",
            "The image declares a VOLUME.",
            hint="Take VOLUME out; /tmp and /output can be written.",
        )
    if config.get("onbuild"):
        raise ImageRefusedError(
            "image:onbuild", "The image has ONBUILD instructions.", hint="Take ONBUILD out."
        )


def _user(value: object) -> str:
    user = value if value is not None else ""
    if not isinstance(user, str) or not _is_safe(user):
        raise ImageRefusedError("image:json", "USER is no plain text.")
    if _ROOT.fullmatch(user.partition(":")[0]):
        raise ImageRefusedError(
            "image:root-only",
            "The image asks to run as root; programs run as nobody (65534) here.",
            hint="Take USER out, or write USER 65534.",
        )
    return user


def _workdir(value: object) -> str:
    workdir = value or SCRATCH
    is_text = isinstance(workdir, str) and workdir.isprintable() and len(workdir) <= _ITEMS_MAX
    if not isinstance(workdir, str) or not is_text or not workdir.startswith("/"):
        raise ImageRefusedError(
            "image:workdir", "WORKDIR is no plain absolute path.", hint="Write WORKDIR /app"
        )
    if ".." in workdir.split("/"):
        raise ImageRefusedError("image:workdir", f"WORKDIR {workdir!a} leads through `..`.")
    return workdir


def _variables(value: object) -> Iterator[tuple[str, str]]:
    for item in texts(value, what="ENV"):
        name, equals, content = item.partition("=")
        if not name or not equals:
            raise ImageRefusedError("image:json", f"ENV holds no NAME=VALUE: {item[:100]!a}.")
        yield name, content


def _is_safe(text: str) -> bool:
    """Tell whether a text can be an argument of a program: no NUL, no half characters."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is there twice")
    return value


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")

"""Taking an archive in, and what a refusal must leave behind: nothing."""

from pathlib import Path

import pytest
from tests.sandbox.images.archives import PROGRAM, M, Sent, write

from palio.sandbox.images.intake import AcceptedImage, IntakeLimits, take_in
from palio.sandbox.spec import ImageRefusedError

LIMITS = IntakeLimits(bytes=2**20, entries=300, layers=4)
GOOD = Sent.of([PROGRAM, M("opt/a", b"a" * 3000)], [M("opt/b", b"b")])


def take(tmp_path: Path, archive: bytes, limits: IntakeLimits = LIMITS) -> AcceptedImage:
    (tmp_path / "into").mkdir(exist_ok=True)
    return take_in(write(tmp_path / "sent", archive), into=tmp_path / "into", limits=limits)


def code_of(tmp_path: Path, archive: bytes, limits: IntakeLimits = LIMITS) -> str:
    with pytest.raises(ImageRefusedError) as caught:
        take(tmp_path, archive, limits)
    assert (caught.value.text.isprintable(), caught.value.text[-1:] in (".", "…")) == (True, True)
    assert list((tmp_path / "into").iterdir()) == []
    return caught.value.code

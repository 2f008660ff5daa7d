"""At launch each bundle goes to the store of those who may read it, and to no other."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories.arena import MODEL_FILES, MODELS, OWN_FILES, OWN_METRIC, Arena, make_arena

from palio.core import db
from palio.core.storage import blob_path
from palio.datasets import queries
from palio.datasets.contracts import Package, PackageKind
from palio.sandbox import bundle

STORES = {
    PackageKind.METRIC: "sealed",
    PackageKind.FEATURES: "hidden",
    PackageKind.SAMPLE: "blobs",
}


@pytest.fixture
def launched(engine: Engine, tmp_path: Path) -> Arena:
    """A challenge with a metric of its own that takes models."""
    arena = make_arena(engine, tmp_path)
    arena.launch(metrics=OWN_METRIC, changes=MODELS, files=OWN_FILES | MODEL_FILES)
    return arena


def package(arena: Arena, kind: PackageKind) -> Package | None:
    with db.reading(arena.engine) as session:
        return queries.package(session, challenge_id=arena.challenge_id, kind=kind)


def test_each_bundle_lies_in_its_store_alone(launched: Arena, tmp_path: Path) -> None:
    held = {}
    for kind, store in STORES.items():
        found = package(launched, kind)
        assert found is not None
        assert found.version == 1
        where = [
            name
            for name in ("blobs", "sealed", "hidden")
            if blob_path(launched.folder / name, found.sha256).exists()
        ]
        assert where == [store]
        path = blob_path(launched.folder / store, found.sha256)
        assert path.stat().st_size == found.bytes
        into = tmp_path / f"bundle-{kind}"
        into.mkdir()
        bundle.unpack(path, into, limits=bundle.BundleLimits(bytes=2**20))
        files = sorted(path for path in into.rglob("*") if path.is_file())
        held[kind] = [path.relative_to(into).as_posix() for path in files]
    assert held == {
        PackageKind.METRIC: sorted(name.removeprefix("metric/") for name in OWN_FILES),
        PackageKind.FEATURES: ["test.csv"],
        PackageKind.SAMPLE: ["sample/test.csv", "sample_submission.csv"],
    }


def test_sample_is_published_file_by_file_and_features_are_not(launched: Arena) -> None:
    with db.reading(launched.engine) as session:
        files = queries.files(session, challenge_id=launched.challenge_id)
    held = {
        file.path: launched.bench.blobs.path(file.sha256).read_bytes()
        for file in files
        if file.path.startswith("model")
    }
    assert held == {"model-sample/test.csv": MODEL_FILES["models/sample/test.csv"]}
    hidden = MODEL_FILES["models/input/test.csv"]
    assert hidden not in [launched.bench.blobs.path(file.sha256).read_bytes() for file in files]


def test_plain_challenge_has_no_packages(engine: Engine, tmp_path: Path) -> None:
    arena = make_arena(engine, tmp_path)
    arena.launch()
    assert [package(arena, kind) for kind in PackageKind] == [None, None, None]

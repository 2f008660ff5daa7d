"""The two models of the second demo, made as their authors would: an image and a zip of code."""

import gzip
import json
import shutil
from pathlib import Path

from palio.demo import models
from palio.sandbox import bundle
from palio.sandbox.images.write import FolderLayer, Start, write_image
from palio.sandbox.spec import RuntimeRoot

EXAMPLES = Path(__file__).parent / "examples"
RANK = 8
_COPY_BYTES = 2**20


def write_code(path: Path) -> None:
    """Pack the example that trains in its box."""
    bundle.pack(EXAMPLES / "code_model", path)


def write_trained_image(path: Path, *, data: Path, runtime: RuntimeRoot, workdir: Path) -> None:
    """Train on the public ratings, and write a container image that only predicts.

    What `docker build` and `docker save | gzip` make, without an engine: a layer with Python and
    one with the program and its weights.

    Args:
        path: Of the .tar.gz.
        data: The challenge's public files.
        runtime: A Python without packages; the trained model needs none.
        workdir: An empty folder.

    """
    program = workdir / "model"
    shutil.copytree(EXAMPLES / "image_model", program)
    weights = json.dumps(trained_weights(data))
    (program / "weights.json").write_text(weights, encoding="utf-8")
    plain = workdir / "image.tar"
    write_image(
        plain,
        layers=(FolderLayer(runtime.folder), FolderLayer(program, at="model")),
        start=Start(argv=("/usr/bin/python3", "/model/predict.py"), workdir="/model"),
    )
    with plain.open("rb") as source, gzip.open(path, "wb", compresslevel=1) as packed:
        shutil.copyfileobj(source, packed, _COPY_BYTES)
    plain.unlink()


def trained_weights(data: Path) -> dict[str, object]:
    """Fit leanings and factors; return them by the persons' and films' own numbers."""
    known, _ = models.read_data(data)
    centre, person, film = models.fit_biases(known, shrinkage=4, rounds=8)
    rest = known.rating - centre - person[known.person] - film[known.film]
    left, right = models.fit_factors(known, rest, rank=RANK, penalty=15, rounds=8)
    return {
        "rank": RANK,
        "centre": centre,
        "people": {
            key: [float(person[i]), *map(float, left[i])]
            for i, key in enumerate(known.person_names)
        },
        "films": {
            key: [float(film[i]), *map(float, right[i])] for i, key in enumerate(known.film_names)
        },
    }

"""Taking in an image against the least one could do with it: unzip it and hash what comes out.

    python benchmarks/image_intake.py [--mebibytes 1024] [--runs 5]

Makes an image of half-random content in a temporary folder and saves it as `docker save IMAGE |
gzip` would. In turn: Palio's intake (unzip, hash, check every entry, write it anew) and
`gzip -dc FILE | sha256sum`. The file is warm for both.
"""

import argparse
import gzip
import hashlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from palio.sandbox.images.intake import AcceptedImage, IntakeLimits, take_in
from palio.sandbox.images.write import FolderLayer, Start, write_image

PIECE = 2**16
FILE_BYTES = 8 * 2**20
LAYERS = 4


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < 4 * options.mebibytes * 2**20:
            sys.exit(f"{folder} has too little room")
        packed, size = make_image(folder, options.mebibytes * 2**20)
        runs = [once(packed, folder) for _ in range(options.runs + 1)][1:]  # the first warms both
    print(f"{len(runs)} runs, {size / 2**20:,.0f} MiB, gzip; MiB/s, median (slowest)")
    for place, what in enumerate(("Palio's intake", "gzip -dc | sha256sum")):
        rates = [size / 2**20 / run[place] for run in runs]
        print(f"  {what:<22}{median(rates):7.0f}  ({min(rates):.0f})")
    print(f"  intake / gzip -dc | sha256sum: {median(run[1] / run[0] for run in runs):.2f}")


def make_image(folder: Path, size: int) -> tuple[Path, int]:
    """Write the image; return it packed, and its bytes unpacked."""
    layers = [FolderLayer(folder / f"layer{number}", "opt") for number in range(LAYERS)]
    for number in range(size // FILE_BYTES):
        target = layers[number % LAYERS].folder / f"{number:04}.bin"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(half_random(FILE_BYTES, seed=number))
    (layers[0].folder / "run").write_bytes(program())
    (layers[0].folder / "run").chmod(0o755)
    archive = folder / "model.tar"
    write_image(archive, layers, Start(argv=("/opt/run",)))
    for layer in layers:
        shutil.rmtree(layer.folder)
    packed = folder / "model.tar.gz"
    with archive.open("rb") as file, gzip.open(packed, "wb", compresslevel=6) as output:
        shutil.copyfileobj(file, output, 2**20)
    unpacked = archive.stat().st_size
    archive.unlink()
    return packed, unpacked


def half_random(size: int, *, seed: int) -> bytes:
    """Return content of which gzip packs one half well and the other not at all."""
    words = b"weights biases layers vocabulary 0123456789\n" * (PIECE // 44 + 1)
    noise = hashlib.shake_256(struct.pack("<I", seed)).digest(size // 2)
    return b"".join(
        noise[start : start + PIECE] + words[:PIECE] for start in range(0, size // 2, PIECE)
    )


def program() -> bytes:
    """Return the running Python as a program for this machine."""
    return Path(sys.executable).resolve().read_bytes()


def once(packed: Path, folder: Path) -> tuple[float, float]:
    """Return the seconds of the intake and of the rival."""
    started = time.perf_counter()
    accepted: AcceptedImage = take_in(packed, into=folder, limits=IntakeLimits())
    taken = time.perf_counter() - started
    accepted.archive.unlink()
    started = time.perf_counter()
    subprocess.run(  # noqa: S602 (a pipe of two fixed programs on a file of ours)
        f"gzip -dc '{packed}' | sha256sum",
        shell=True,
        check=True,
        capture_output=True,
    )
    return taken, time.perf_counter() - started


if __name__ == "__main__":
    main()

import os
import shutil
import stat
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sandbox.images import overlay
from tests.sandbox.images.archives import PROGRAM, M, Sent, folder, hard, link, tar_of, write

from palio.sandbox.images.intake import AcceptedImage, IntakeLimits, take_in
from palio.sandbox.images.unpack import prune, unpack_root
from palio.sandbox.spec import ImageRefusedError

LIMITS = IntakeLimits()
LAST = [PROGRAM]
SAMPLE = [
    [
        M("removed/file", b"1"),
        M("removed/folder/file", b"1"),
        M("emptied/old/file", b"1"),
        M("emptied/gone", b"1"),
        M("replaced/by-file/below", b"1"),
        M("replaced/by-folder", b"1"),
        M("merged/old", b"1", mode=0o644),
        folder("real"),
        M("real/kept", b"1"),
        link("through", "real"),
        link("named", "/real"),
        link("outside", "../../../../etc"),
        link("changed", "one"),
        M("one-of-two", b"1"),
        hard("two-of-two", "one-of-two"),
        M("opt/.hidden", b"1"),
    ],
    [
        M("removed/.wh.file"),
        M("removed/.wh.folder"),
        M("emptied/.wh..wh..opq"),
        M("emptied/new", b"2"),
        M("replaced/by-file", b"2"),
        M("replaced/by-folder/below", b"2"),
        M("merged/new", b"2"),
        M("through/new", b"2"),
        folder("named"),
        M("named/new", b"2"),
        M("outside/new", b"2"),
        link("changed", "two"),
        M("one-of-two", b"2"),
        M("not/.wh.there"),
    ],
    [M("removed/file", b"3"), M("emptied/.wh.new")],
]


class Bench:
    """Folders for roots and layers, and archives taken in."""

    def __init__(self, place: Path) -> None:
        self.roots, self.layers, self._place = place / "roots", place / "layers", place
        for path in (self.roots, self.layers):
            path.mkdir()

    def take(self, *layers: Sequence[M]) -> AcceptedImage:
        into = self._place / f"into-{len(list(self._place.iterdir()))}"
        into.mkdir()
        sent = write(self._place / "sent", Sent.of(*layers).docker())
        return take_in(sent, into=into, limits=LIMITS)

    def unpack(self, image: AcceptedImage) -> Path:
        root = self.roots / image.image_id[7:]
        unpack_root(image.archive, into=root, layers=self.layers)
        return root

    def names(self) -> set[str]:
        """What lies in the folders of roots and layers."""
        return {path.name for place in (self.roots, self.layers) for path in place.iterdir()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_root_is_what_an_overlay_of_the_layers_would_show(bench: Bench) -> None:
    root = bench.unpack(bench.take(*SAMPLE, LAST))
    assert overlay.on_disk(root) == overlay.expected([*SAMPLE, LAST])
    assert sorted(overlay.OURS) == sorted(
        path.name for path in root.iterdir() if path.name in overlay.OURS
    )


def test_a_root_is_what_the_engine_of_this_machine_shows(bench: Bench) -> None:
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers")
    image = bench.take(*SAMPLE, LAST)
    root = bench.unpack(image)
    subprocess.run(["docker", "load", "-i", image.archive], capture_output=True, check=True)
    box = ""
    try:
        made = subprocess.run(
            ["docker", "create", image.image_id], capture_output=True, check=True, text=True
        )
        box = made.stdout.strip()
        tar = subprocess.run(["docker", "export", box], capture_output=True, check=True).stdout
    finally:
        subprocess.run(["docker", "rm", "-f", box], capture_output=True, check=False)
        subprocess.run(["docker", "rmi", image.image_id], capture_output=True, check=True)
    assert overlay.exported(tar) == overlay.on_disk(root)


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.sampled_from(["/etc", "../../..", "a", "/a/b", "b/../c", "/proc/self/root"])
NASTY_NAMES = st.one_of(
    PATHS,
    st.sampled_from(["../x", "/x", "a/../../x", "./a", "a/.", ".wh...", "a/.wh..", "canary"]),
)
CONTENT = st.binary(max_size=5)


def made(kinds: dict[str, tuple[str, bytes, str]]) -> list[M]:
    """A layer without contradictions, out of what was drawn for each path."""
    members: list[M] = []
    taken: dict[str, str] = {}
    for path, (kind, content, target) in kinds.items():
        above = {path.rsplit("/", count)[0] for count in range(1, path.count("/") + 1)}
        is_below = any(other.startswith(f"{path}/") for other in taken)
        if any(taken.get(one, "folder") != "folder" for one in above):
            continue
        if is_below and kind not in ("folder", "opaque"):
            continue
        files = [other for other, its in taken.items() if its == "file"]
        members.append(
            {
                "file": M(path, content, mode=0o755 if len(content) % 2 else 0o600),
                "folder": folder(path, 0o700),
                "link": link(path, target),
                "hard": hard(path, files[0]) if files else folder(path),
                "whiteout": M("/".join([*path.split("/")[:-1], f".wh.{path.split('/')[-1]}"])),
                "opaque": M(f"{path}/.wh..wh..opq"),
            }[kind]
        )
        is_folder = kind in ("folder", "opaque") or (kind == "hard" and not files)
        taken |= dict.fromkeys(above, "folder")
        taken[path] = "folder" if is_folder else kind
    return members


KINDS = st.sampled_from(["file", "file", "folder", "link", "hard", "whiteout", "opaque"])
LAYER = st.dictionaries(PATHS, st.tuples(KINDS, CONTENT, TARGETS), max_size=8).map(made)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LAYER, min_size=1, max_size=4))
def test_any_layers_make_what_an_overlay_would_show(
    tmp_path_factory: pytest.TempPathFactory, layers: list[list[M]]
) -> None:
    bench = Bench(tmp_path_factory.mktemp("any"))
    root = bench.unpack(bench.take(*layers, LAST))
    assert overlay.on_disk(root) == overlay.expected([*layers, LAST])


MEMBER = st.one_of(
    st.builds(M, NASTY_NAMES, CONTENT),
    st.builds(folder, NASTY_NAMES),
    st.builds(link, NASTY_NAMES, TARGETS | st.just("canary")),
    st.builds(hard, NASTY_NAMES, NASTY_NAMES),
    st.builds(lambda path: M(f"{path}/.wh..wh..opq"), PATHS),
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(MEMBER, max_size=5), min_size=1, max_size=3))
def test_nothing_ever_lands_outside_the_root(
    tmp_path_factory: pytest.TempPathFactory, layers: list[list[M]]
) -> None:
    place = tmp_path_factory.mktemp("nasty")
    write(place / "canary", b"alive")
    bench = Bench(place)
    try:
        image = bench.take(*layers, LAST)
    except ImageRefusedError:
        names = set()
    else:
        root = bench.unpack(image)
        names = {root.name, f"{root.name}.json", ".lock", *(one[7:] for one in image.layers)}
        assert overlay.on_disk(root) == overlay.expected([*layers, LAST])
    assert bench.names() == names
    assert (place / "canary").read_bytes() == b"alive"
    assert {path.name.partition("-")[0] for path in place.iterdir()} == {
        "canary",
        "into",
        "layers",
        "roots",
        "sent",
    }


def test_modes_are_plain_whatever_the_image_and_the_umask_say(bench: Bench) -> None:
    members = [
        M("setuid", b"x", mode=0o6755),
        M("secret", b"x", mode=0o000),
        M("run", b"x", mode=0o100),
        folder("closed", 0o000),
        M("closed/file", b"x", mode=0o600),
        folder("open", 0o1777),
    ]
    image = bench.take(members, LAST)
    old = os.umask(0o077)
    try:
        root = bench.unpack(image)
    finally:
        os.umask(old)
    modes = {path: stat.S_IMODE((root / path).stat().st_mode) for path in (".", "tmp", "closed")}
    modes |= {one.name: stat.S_IMODE((root / one.name).stat().st_mode) for one in members}
    assert modes == {
        ".": 0o755,
        "tmp": 0o755,
        "setuid": 0o755,
        "secret": 0o644,
        "run": 0o755,
        "closed": 0o755,
        "closed/file": 0o644,
        "open": 0o755,
    }


def test_names_that_are_no_text_are_kept(bench: Bench) -> None:
    name = b"caf\xe9\n".decode("utf-8", "surrogateescape")
    layer = tar_of([PROGRAM, M(name, b"x")])
    root = bench.unpack(bench.take(layer))  # type: ignore[arg-type]
    assert name in [path.name for path in root.iterdir()]


def test_an_image_has_its_own_app_folder_or_link(bench: Bench) -> None:
    root = bench.unpack(bench.take([link("app", "srv"), M("srv/x")], LAST))
    assert (root / "app").readlink() == Path("srv")


def test_layers_of_two_images_are_stored_once(bench: Bench) -> None:
    base = [M("base", b"x" * 1000)]
    first, second = (bench.take(base, [M(name)], LAST) for name in ("one", "two"))
    roots = [bench.unpack(image) for image in (first, second)]
    assert (roots[0] / "base").samefile(roots[1] / "base")
    used = {layer[7:] for image in (first, second) for layer in image.layers}
    assert {path.name for path in bench.layers.iterdir()} == {*used, ".lock"}


def test_pruning_takes_roots_not_kept_and_layers_of_none(bench: Bench) -> None:
    first, second = (bench.take([M("base")], [M(name)], LAST) for name in ("one", "two"))
    gone, kept = (bench.unpack(image).name for image in (first, second))
    (bench.layers / ".new-dead").mkdir()
    (bench.roots / ".new-dead").mkdir()
    write(bench.roots / "crashed.json", b"[]")
    assert prune(roots=bench.roots, layers=bench.layers, keep=frozenset({kept})) == (gone,)
    assert bench.names() == {kept, f"{kept}.json", ".lock", *(one[7:] for one in second.layers)}
    assert prune(roots=bench.roots, layers=bench.layers, keep=frozenset()) == (kept,)
    assert bench.names() == {".lock"}


def test_a_layer_changed_since_the_intake_is_refused_and_not_stored(bench: Bench) -> None:
    image = bench.take([M("a", b"good")], LAST)
    write(image.archive, image.archive.read_bytes().replace(b"good", b"evil"))
    with pytest.raises(ImageRefusedError) as caught:
        bench.unpack(image)
    assert caught.value.code == "image:digest"
    # The next one may bring the layer as it should be.
    assert (bench.unpack(bench.take([M("a", b"good")], LAST)) / "a").read_bytes() == b"good"


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b"manifest.json", b"manifest.jsom"),
        lambda content: content[:1536],
        lambda content: content.replace(b'.tar"', b'.tax"'),
    ],
)
def test_an_archive_that_intake_did_not_write_is_refused(
    bench: Bench, change: Callable[[bytes], bytes]
) -> None:
    image = bench.take([M("a")], LAST)
    write(image.archive, change(image.archive.read_bytes()))
    with pytest.raises(ImageRefusedError):
        bench.unpack(image)
    assert list(bench.roots.iterdir()) == []


def test_many_at_once_make_one_root(bench: Bench) -> None:
    image = bench.take([M(f"f{number}", b"x") for number in range(200)], LAST)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(bench.unpack(image))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (6, 1)
    assert len(overlay.on_disk(found[0])) == 200 + len(overlay.expected([LAST]))


@pytest.mark.slow
def test_more_links_than_the_file_system_takes_are_made(bench: Bench) -> None:
    layer = [M("a", b"content"), *(hard(f"l/{number}", "a") for number in range(66_000))]
    root = bench.unpack(bench.take(layer, LAST))
    sizes = [path.stat().st_size for path in (root / "l").iterdir()]
    assert (len(sizes), set(sizes)) == (66_000, {7})
    shutil.rmtree(root)  # pytest keeps folders of failed runs: this one is large

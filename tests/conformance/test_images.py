import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.conformance import corpus
from tests.conformance.bench import PREDICTIONS, PYTHON, Bench, content
from tests.sandbox.images.archives import M, Sent, folder, link

from palio.sandbox.docker import hold
from palio.sandbox.images.intake import AcceptedImage, IntakeLimits, take_in
from palio.sandbox.images.write import FolderLayer, Start, write_image
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import ImageRoot, Mount, RunReport, SandboxError

MODEL = (
    "import json, os\n"
    "assert os.getuid() == 65534\n"
    "rows = open('/input/features.csv').read().split()[1:]\n"
    "with open('/output/predictions.csv', 'w') as file:\n"
    "    file.write('id,y\\n' + ''.join(row.split(',')[0] + ',0.5\\n' for row in rows))\n"
    "open('/tmp/scratch', 'w').write('x')\n"
    "print(json.dumps([os.getcwd(), os.environ.get('WHO'), os.listdir('/palio')]))\n"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image a team sent, made ready to run."""

    box: Bench
    accepted: AcceptedImage

    def run(self) -> RunReport:
        spec = self.box.spec(
            *self.accepted.argv, env=self.accepted.env, wanted=(PREDICTIONS,), mounts=()
        )
        root = ImageRoot(self.accepted.image_id)
        mounts = (Mount(self.box.folder / "input", "/input"),)
        return self.box.run(replace(spec, root=root, mounts=mounts, workdir=self.accepted.workdir))


@pytest.fixture
def load(box: Bench) -> Callable[[str], Loaded]:
    def load(who: str) -> Loaded:
        model = box.folder / f"model-{who}"
        model.mkdir()
        (model / "main.py").write_text(MODEL, encoding="ascii")
        sent, into = box.folder / f"{who}.tar", box.folder / f"accepted-{who}"
        into.mkdir()
        start = Start((PYTHON, "/palio/main.py"), env={"WHO": who}, workdir="/palio")
        write_image(sent, [FolderLayer(box.root.folder), FolderLayer(model, "palio")], start)
        accepted = take_in(sent, into=into, limits=IntakeLimits())
        box.sandbox.add_image(accepted.archive, image_id=accepted.image_id)
        return Loaded(box, accepted)

    return load


@pytest.mark.slow
def test_image_runs_as_its_config_says_and_is_pruned(
    load: Callable[[str], Loaded], box: Bench
) -> None:
    red, blue = load("red"), load("blue")
    for loaded, who in ((red, "red"), (blue, "blue")):
        report = loaded.run()
        assert (report.outcome, report.log) == (Outcome.FINISHED, report.log)
        assert json.loads(report.log) == ["/palio", who, ["main.py"]]
        assert content(report) == corpus.GOOD
    box.sandbox.add_image(red.accepted.archive, image_id=red.accepted.image_id)
    assert red.run().outcome is Outcome.FINISHED
    keep = frozenset({blue.accepted.image_id})
    assert red.accepted.image_id in box.sandbox.prune_images(keep=keep)
    assert blue.run().outcome is Outcome.FINISHED
    with pytest.raises(SandboxError):
        red.run()
    assert box.sandbox.prune_images(keep=frozenset()) == (blue.accepted.image_id,)


ENDS_WELL = bytes.fromhex("b83c000000 31ff 0f05")  # exit(0)
ODD_IMAGES: dict[str, tuple[list[list[M]], dict[str, Any]]] = {
    "config no engine reads": ([[]], {"created": "yesterday", "Labels": 5, "history": [{}] * 9}),
    "config an engine acts on": ([[]], {"Healthcheck": {"Interval": 1}, "StopSignal": "NONE"}),
    "user nobody knows": ([[]], {"User": "99999999999:x"}),
    "variables of its init": ([[]], {"Env": ["TINI_VERBOSITY=3", "LD_PRELOAD=/x", "A B=\x1b"]}),
    "as many layers as may be": ([[]] * 63, {}),
    "links where an engine mounts": (
        [[link("sbin", "/proc"), link("etc/hosts", "/proc/kmsg"), folder("etc/hostname")]],
        {},
    ),
    "attributes": ([[M("a", pax={"SCHILY.xattr.user.a": "x" * 1900})]], {}),
    "times": ([[M("a", pax={"mtime": "-1.5", "atime": "999999999999999999"})]], {}),
    "owners": ([[M("a", pax={"uid": "1099511627776"})]], {}),
    "names": ([[M("\udcff\n"), M("/".join(["d"] * 128)), M("n" * 255)]], {}),
    "program that is half there": ([[M("palio-odd", hold.executable(ENDS_WELL)[:64])]], {}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_IMAGES)
def test_what_intake_takes_is_never_the_platforms_fault(
    name: str, box: Bench, tmp_path: Path
) -> None:
    layers, changes = ODD_IMAGES[name]
    program = [M("palio-odd", hold.executable(ENDS_WELL))]
    sent = Sent.of(program, *layers, Cmd=["/palio-odd"], **changes)
    (tmp_path / "sent").write_bytes(sent.docker())
    (tmp_path / "into").mkdir()
    accepted = take_in(tmp_path / "sent", into=tmp_path / "into", limits=IntakeLimits())
    box.sandbox.add_image(accepted.archive, image_id=accepted.image_id)
    report = Loaded(box, accepted).run()
    assert report.outcome in {
        *(Outcome.INVALID_OUTPUT, Outcome.IMAGE_ERROR),  # it leaves nothing, or cannot start
        *(Outcome.PROGRAM_ERROR, Outcome.RESOURCE_LIMIT),
    }
    assert accepted.image_id in box.sandbox.prune_images(keep=frozenset())


@pytest.mark.slow
def test_image_nobody_added_is_our_fault(box: Bench) -> None:
    spec = replace(box.spec(PYTHON, wanted=()), root=ImageRoot(f"sha256:{'0' * 64}"))
    with pytest.raises(SandboxError):
        box.run(spec)


@pytest.mark.slow
def test_image_with_another_id_is_not_taken(box: Bench, tmp_path: Path) -> None:
    sent = tmp_path / "sent.tar"
    write_image(sent, [FolderLayer(corpus.PROGRAMS, "palio")], Start((PYTHON,)))
    wrong = f"sha256:{'1' * 64}"
    with pytest.raises(SandboxError):
        box.sandbox.add_image(sent, image_id=wrong)
    box.sandbox.prune_images(keep=frozenset())

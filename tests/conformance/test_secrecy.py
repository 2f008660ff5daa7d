import json
import os
import socket

import pytest
from tests.conformance import corpus
from tests.conformance.bench import LABELS, Bench

from palio.sandbox.log import printable
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import NOBODY

# Set by an engine or by bubblewrap itself, and nothing of the host's.
UNASKED = {"HOSTNAME", "PWD"}


def test_environment_is_what_was_asked_for(box: Bench) -> None:
    code = "import os; os.write(1, open('/proc/self/environ', 'rb').read())"
    report = box.python(code, env={"ASKED": "a=b c\n'$x", "LANG": "C"})
    items = report.log.decode().rstrip("\0\n").split("\0")  # an engine ends the last line
    found = dict(item.split("=", 1) for item in items)
    asked = {"HOSTILE_OK": "sandbox", "MARK": box.mark, "ASKED": "a=b c\n'$x", "LANG": "C"}
    assert {name: found.get(name) for name in asked} == asked
    told = {name for name, value in found.items() if value}  # empty ones silence an image's own
    assert told - set(asked) - UNASKED == {"HOME", "PATH"}
    assert found.get("HOSTNAME") != socket.gethostname()


def test_program_is_nobody_in_a_bare_place(box: Bench) -> None:
    code = (
        "import json, os, resource, socket\n"
        "status = dict(l.split(':', 1) for l in open('/proc/self/status') if ':' in l)\n"
        "caps = [status[f'Cap{n}'].strip() for n in ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')]\n"
        "print(json.dumps({\n"
        "  'ids': [*os.getresuid(), *os.getresgid(), *os.getgroups()],\n"
        "  'caps': [int(cap, 16) for cap in caps],\n"
        "  'nnp': status.get('NoNewPrivs', '1').strip(),\n"
        "  'cwd': os.getcwd(),\n"
        "  'host': socket.gethostname(),\n"
        "  'files': sorted(int(n) for n in os.listdir('/proc/self/fd')),\n"
        "  'tmp': os.listdir('/tmp'), 'output': os.listdir('/output'),\n"
        "  'core': resource.getrlimit(resource.RLIMIT_CORE),\n"
        "  'nofile': resource.getrlimit(resource.RLIMIT_NOFILE)[1],\n"
        "  'pids': len([n for n in os.listdir('/proc') if n.isdigit()]),\n"
        "}))\n"
    )
    found = json.loads(box.python(code).log)
    assert set(found["ids"]) == {NOBODY}
    assert (found["caps"], found["nnp"], found["cwd"]) == ([0] * 5, "1", "/tmp")  # noqa: S108 (of the box)
    assert found["host"] != socket.gethostname()
    assert found["files"] in ([0, 1, 2, 3], [0, 1, 2])  # the last is the look itself
    assert (found["tmp"], found["output"]) == ([], [])
    assert found["core"] == [1, 1]  # which keeps the kernel from piping it to a program
    assert (64 <= found["nofile"] <= 4096, found["pids"] <= 4) == (True, True)


@pytest.mark.slow
def test_writable_places_are_mounted_with_care(box: Bench) -> None:
    if box.backend == "gvisor":
        pytest.skip("gVisor's own kernel shows other mounts")
    code = "print(open('/proc/self/mountinfo').read())"
    options = {}
    for line in box.python(code).log.decode().splitlines():
        if line:
            words = line.split()
            options[words[4]] = set(words[5].split(","))
    assert "ro" in options["/"]
    assert {"nosuid", "nodev", "noexec"} <= options["/tmp"]  # noqa: S108 (of the box)
    assert {"nosuid", "nodev", "noexec"} <= options["/output"]
    assert "ro" in options["/input"]
    writable = {place for place, found in options.items() if "rw" in found}
    places = {place for place in writable if not place.startswith(("/proc", "/dev", "/sys"))}
    assert places == {"/tmp", "/output"}  # noqa: S108 (of the box)


def test_link_to_the_labels_gives_nothing_away(box: Bench) -> None:
    report = box.program("symlink_out")
    assert (report.outcome, report.reason) == (Outcome.INVALID_OUTPUT, "output:symlink")
    assert b"CANARY" not in report.log
    assert list(box.taken[-1].iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["metric_leak", "metric_mutate", "metric_nan"])
def test_what_participants_may_see_does_not_hang_on_the_labels(name: str, box: Bench) -> None:
    seen = []
    for labels in (LABELS, "id,y\n1,0.25\n2,1e300\n3,nan\n"):
        (box.folder / "ref" / "labels.csv").write_text(labels, encoding="ascii")
        report = box.program(name)
        seen.append((report.outcome, report.exit_code, report.reason, report.killed_by))
    assert seen[0] == seen[1]


@pytest.mark.slow
def test_metric_sees_the_labels_and_only_its_log_quotes_them(box: Bench) -> None:
    report = box.program("metric_leak")
    assert (report.outcome, report.exit_code) == (Outcome.PROGRAM_ERROR, 1)
    assert report.log.count(b"CANARY-LABELS") > 0
    assert report.reason == ""


@pytest.mark.slow
def test_forged_log_lines_are_harmless_when_shown(box: Bench) -> None:
    shown = printable(box.program("log_forged").log)
    assert "\\x1b[2J" in shown
    assert [letter for letter in shown if not letter.isprintable() and letter not in "\n\t"] == []


@pytest.mark.slow
def test_abstract_sockets_and_ports_of_the_host_are_out_of_reach(box: Bench) -> None:
    name = f"palio-{os.getpid()}-{box.mark}"
    with socket.socket(socket.AF_UNIX) as abstract, socket.socket() as port:
        abstract.bind(f"\0{name}")
        abstract.listen()
        port.bind(("127.0.0.1", 0))
        port.listen()
        told = corpus.verdicts(box.program("net_unix", env={"ABSTRACT": name}).log)
        assert [word for word, _ in told] == ["denied"]
        code = (
            "import socket\n"
            "line = socket.socket()\n"
            "line.settimeout(2)\n"
            f"print(line.connect_ex(('127.0.0.1', {port.getsockname()[1]})))\n"
        )
        assert box.python(code).log.strip() == b"111"

import time
from dataclasses import replace

import pytest
from tests.conformance.bench import LIMITS, MIB, Bench

from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.spec import RunReport, Wanted


def number(report: RunReport) -> int:
    return int(report.log.split()[-1])


@pytest.mark.slow
def test_memory_is_summed_over_children(box: Bench) -> None:
    code = (
        "import os, time\n"
        "for _ in range(10):\n"
        "    if os.fork() == 0:\n"
        "        keep = bytearray(40 * 2**20)\n"
        "        time.sleep(3)\n"
        "        os._exit(0)\n"
        "ends = [os.wait()[1] for _ in range(10)]\n"
        "print(sum(end == 9 for end in ends))\n"
    )
    report = box.python(code)
    assert report.had_memory_kill
    if report.outcome is Outcome.FINISHED:
        assert number(report) >= 3
    assert report.peak_memory_bytes <= LIMITS.memory_bytes + MIB  # the kernel counts in batches


def test_memory_within_the_limit_is_given(box: Bench) -> None:
    report = box.python("import time; keep = bytearray(180 * 2**20); time.sleep(2)")
    assert (report.outcome, report.had_memory_kill) == (Outcome.FINISHED, False)
    if box.backend != "gvisor":
        assert 180 * MIB < report.peak_memory_bytes <= LIMITS.memory_bytes


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["/output", "/tmp"])  # noqa: S108 (of the box)
def test_written_files_count_as_memory(folder: str, box: Bench) -> None:
    limits = replace(LIMITS, memory_bytes=64 * MIB, output_bytes=256 * MIB, scratch_bytes=256 * MIB)
    code = (
        f"file = open('{folder}/large', 'wb', 0)\n"
        "for count in range(200):\n"
        "    file.write(b'x' * 2**20)\n"
        "print('ESCAPED')\n"
    )
    report = box.python(code, limits=limits)
    assert (report.outcome, report.had_memory_kill) == (Outcome.OUT_OF_MEMORY, True)


@pytest.mark.slow
def test_processes_are_counted(box: Bench) -> None:
    code = (
        "import os, time\n"
        "made = 0\n"
        "try:\n"
        "    while made < 500:\n"
        "        if os.fork() == 0:\n"
        "            time.sleep(60)\n"
        "        made += 1\n"
        "except BlockingIOError:\n"
        "    pass\n"
        "print(made, flush=True)\n"
        "os._exit(0)\n"
    )
    few = number(box.python(code, limits=replace(LIMITS, processes=16)))
    many = number(box.python(code, limits=replace(LIMITS, processes=100)))
    # The box's own init or two are among them.
    assert 8 <= few < 16
    assert 90 <= many < 100


@pytest.mark.slow
@pytest.mark.parametrize("cpus", [0.25, 1.0])
def test_processor_time_is_shared_out(cpus: float, box: Bench) -> None:
    code = (
        "import os, time\n"
        "for _ in range(3):\n"
        "    os.fork()\n"
        "end = time.monotonic() + 3\n"
        "while time.monotonic() < end:\n"
        "    pass\n"
    )
    report = box.python(code, limits=replace(LIMITS, cpus=cpus))
    if box.backend != "gvisor":
        assert 0.1 < report.cpu_seconds < cpus * (report.wall_seconds + 0.5) * 1.2


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["output", "tmp"])
def test_folders_have_a_size_in_bytes_and_files(folder: str, box: Bench) -> None:
    limits = replace(
        *(LIMITS,),
        output_bytes=4 * MIB,
        output_inodes=100,
        scratch_bytes=4 * MIB,
        scratch_inodes=100,
    )
    code = (
        "import os\n"
        "made = 0\n"
        "try:\n"
        "    while made < 1000:\n"
        f"        os.mkdir(f'/{folder}/d{{made}}')\n"
        "        made += 1\n"
        "except OSError as error:\n"
        "    print(error.errno, made)\n"
        f"for name in os.listdir('/{folder}'):\n"
        f"    os.rmdir(f'/{folder}/{{name}}')\n"
        "written = 0\n"
        "try:\n"
        "    for name in range(50):\n"
        f"        with open(f'/{folder}/{{name}}', 'wb', 0) as file:\n"
        "            for _ in range(10):\n"
        "                written += file.write(b'x' * 50_000)\n"
        "except OSError as error:\n"
        "    print(error.errno, written)\n"
    )
    report = box.python(code, limits=limits)
    nospace, made, full, written = (int(word) for word in report.log.split())
    if box.backend != "gvisor":  # has no count of inodes
        assert (nospace, 90 <= made <= 100) == (28, True)
    assert (full, 3 * MIB <= written <= 4 * MIB) == (28, True)


def test_log_without_end_is_ended(box: Bench) -> None:
    start = time.monotonic()
    limits = replace(LIMITS, seconds=60, written_log_bytes=4 * MIB)
    report = box.python("while True: print('x' * 10_000)", limits=limits)
    assert (report.outcome, report.killed_by) == (Outcome.OUTPUT_LIMIT, Killer.LOG)
    assert (report.is_log_cut, len(report.log) <= LIMITS.log_bytes) == (True, True)
    assert time.monotonic() - start < 20


@pytest.mark.slow
def test_much_log_within_the_limit_is_no_fault(box: Bench) -> None:
    limits = replace(LIMITS, seconds=60, written_log_bytes=64 * MIB)
    code = "for _ in range(2000): print('x' * 10_000)\nprint('end')"
    report = box.python(code, limits=limits)
    assert (report.outcome, report.log[-4:]) == (Outcome.FINISHED, b"end\n")


@pytest.mark.slow
def test_largest_output_is_taken_and_one_byte_more_is_not(box: Bench) -> None:
    code = "open('/output/p', 'wb').write(b'x' * 3_000_001)"
    taken = box.python(code, wanted=(Wanted("p", 3_000_001),))
    assert [file.bytes for file in taken.collected] == [3_000_001]
    refused = box.python(code, wanted=(Wanted("p", 3_000_000),))
    assert (refused.outcome, refused.reason) == (Outcome.INVALID_OUTPUT, "output:too_large")
    assert list(box.taken[-1].iterdir()) == []


@pytest.mark.slow
def test_short_run_is_ended_in_time_though_it_stays_silent(box: Bench) -> None:
    start = time.monotonic()
    report = box.python("while True: pass", limits=replace(LIMITS, seconds=1.5))
    assert (report.outcome, report.killed_by) == (Outcome.TIMED_OUT, Killer.CLOCK)
    assert 1.5 <= report.wall_seconds <= time.monotonic() - start < 15

import pytest
from tests.conformance import corpus, pulse
from tests.conformance.bench import Bench

TRIES = 3  # a busy machine may be slow once; a box that slows its host does so each time


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "fork_tree",
        "thread_bomb",
        "mem_spread",
        "cpu_burn",
        "fd_bomb",
        "log_flood",
        "inode_bomb_tmp",
    ],
)
def test_host_stays_responsive(name: str, box: Bench) -> None:
    slowest = []
    for _ in range(TRIES):
        with pulse.felt() as seconds:
            report = box.program(name)
        assert "ESCAPED" not in {word for word, _ in corpus.verdicts(report.log)}
        slowest.append(max(seconds))
        if slowest[-1] < pulse.MOST_SECONDS:
            return
    pytest.fail(f"/bin/true took up to {slowest} s")

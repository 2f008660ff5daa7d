import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "palio.demo.with_models")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.slow
def test_predictions_code_and_image_stand_on_one_board_by_the_hosts_own_metric(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [*COMMAND, "--data", str(tmp_path / "data"), "--port", str(free_port()), "--exit"],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout
    assert re.findall(r"(gita|bea|felix) +scored: per_person \d\.\d{4}, rmse", told) == [
        "gita",
        "bea",
        "felix",
    ]
    assert re.findall(r"filip +refused: .*\(output:missing\)", told) != []
    tries = re.findall(r"(\w+) +tries left: (\d+) before, (\d+) after", told)
    assert tries == [
        ("gita", "10", "9"),
        ("bea", "10", "9"),
        ("filip", "10", "10"),
        ("felix", "10", "9"),
    ]
    ranks = re.findall(r"│ +([\d-]+) │ ([^│]+?) +│", told.split("public board")[1])
    assert ranks == [("1", "Felix"), ("2", "Bea"), ("-", "Cinematch"), ("3", "Gita")]

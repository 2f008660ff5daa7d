import signal
import subprocess
import sys

from palio.pipeline import processes


def test_this_process_is_not_gone() -> None:
    assert not processes.is_gone(processes.own_name())


def test_an_ended_process_is_gone() -> None:
    code = "from palio.pipeline import processes; print(processes.own_name())"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert processes.is_gone(ended.stdout.strip())


def test_a_pid_that_was_given_to_another_process_is_gone() -> None:
    machine, pid, _ = processes.own_name().split("/")
    assert processes.is_gone(f"{machine}/{pid}/1")


def test_a_process_whose_parent_went_before_it_asked_goes_too() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    code = (
        "import signal; from palio.pipeline import processes;"
        f"processes.die_with_parent(signal.SIGTERM, parent={gone.pid}); signal.pause()"
    )
    orphan = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert orphan.returncode == -signal.SIGTERM


def test_nothing_is_said_about_other_machines() -> None:
    assert not processes.is_gone("another-boot:4026531836/1/1")
    assert not processes.is_gone("test")

"""`make demo`: a challenge from launch to prize on real ratings, then the server stays up."""

import argparse
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from palio.cli.client.api import Api
from palio.core.settings import Settings
from palio.demo import play
from palio.demo.play import DemoError, Stage
from palio.pipeline.supervise import CannotServeError, check_port, folder_lock

MARKER = ".made-by-the-demo"
ROLES = {
    "organizer": play.HOST,
    "participant": "nadia",
    "judge": play.JUDGE,
    "administrator": play.ADMIN,
}
KEPT = "boxes"  # runtimes and images: named by their digests, and slow to make
STOP_SECONDS = 30


def main() -> int:
    """Play the demo; exit code 1 with words when it cannot go on."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("palio-data"), help="server's folder")
    parser.add_argument("--port", type=int, default=Settings().port)
    parser.add_argument("--seconds", type=int, default=60, help="length of the phase")
    parser.add_argument("--exit", action="store_true", help="stop when the play is over")
    options = parser.parse_args()
    stage = Stage(
        console=Console(highlight=False),
        data=options.data.absolute(),
        server=f"http://127.0.0.1:{options.port}",
        seconds=options.seconds,
    )
    try:
        check_port(Settings(host="127.0.0.1", port=options.port))
        with server_running(stage, port=options.port) as server:
            perform(stage)
            if not options.exit:
                stage.console.print("\nPalio keeps serving. Ctrl-C stops it.")
                server.wait()
    except (DemoError, CannotServeError) as error:
        stage.console.print(f"[bold red]The demo cannot go on.[/] {error}")
        return 1
    except KeyboardInterrupt:
        stage.console.print("\nStopped. The next `make demo` starts clean.")
    return 0


@contextmanager
def server_running(
    stage: Stage, *, port: int, prepare: Callable[[Stage], None] = lambda _stage: None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Serve from a clean folder, made ready by `prepare`, while the block runs."""
    for ending in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal must not leave a server
        signal.signal(ending, signal.default_int_handler)
    clean(stage.data)
    prepare(stage)
    stage.step(f"starting Palio in {stage.data}")
    with (stage.data / "server.log").open("wb") as log:
        server = subprocess.Popen(  # noqa: S603 (our own command)
            [
                *play.PALIO, "serve", "--data", str(stage.data),
                "--host", "127.0.0.1", "--port", str(port),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C comes to us first, we stop it in order
        )  # fmt: skip
        try:
            play.wait_for_server(stage, server)
            yield server
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()


def clean(data: Path) -> None:
    """Empty the folder of an earlier demo; never touches a folder the demo did not make.

    Raises:
        DemoError: The folder holds something else.
        CannotServeError: A demo is running in it.

    """
    if data.exists() and any(data.iterdir()) and not (data / MARKER).exists():
        raise DemoError(
            f"{data} holds a Palio that is not a demo, and is left alone. "
            "Move it away, or choose another folder: .venv/bin/python -m palio.demo --data FOLDER"
        )
    with folder_lock(Settings(data_folder=data)):
        pass  # nobody serves from it
    for path in data.iterdir():
        if path.name == KEPT:
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (data / MARKER).touch()


def perform(stage: Stage) -> None:
    """Play every act in turn."""
    play.make_accounts(stage)
    stage.step("the organizer writes, checks and publishes a challenge on 100,004 real ratings")
    play.launch(stage)
    play.invite_judge(stage)
    with ExitStack() as stack, Api(stage.server) as spectator:
        stage.step("six people sign up, download, train and submit, each in a process of their own")
        threads = play.start_participants(stage, stack)
        play.wait_for_first_board(stage, spectator)
        stage.step("[bold]first scored board[/]")
        play.show_board(stage, spectator, "public")
        play.wait_for_participants(stage, spectator, threads)
        stage.step("all have submitted; the public board before the deadline")
        play.show_board(stage, spectator, "public")
        play.wait_for_deadline(stage, spectator)
        stage.step("the deadline has come, by the database's clock")
        play.send_late(stage)
        play.wait_for_reveal(spectator)
        stage.step("the private board is revealed")
        play.show_board(stage, spectator, "private")
        play.show_awards(stage, spectator)
    stage.console.print()
    for line in play.farewell(stage, roles=ROLES):
        stage.console.print(line)


if __name__ == "__main__":
    sys.exit(main())

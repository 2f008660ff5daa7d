"""What both demos share: their options, a server in a clean folder, and a kind way to stop."""

import argparse
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from palio.core.settings import Settings
from palio.demo import play
from palio.demo.play import DemoError, Stage
from palio.pipeline.supervise import CannotServeError, check_port, folder_lock

MARKER = ".made-by-the-demo"
KEPT = "boxes"  # runtimes and images: named by their digests, and slow to make
STOP_SECONDS = 30


def options_of(command: str, *, description: str | None) -> argparse.ArgumentParser:
    """Return the options that both demos take."""
    parser = argparse.ArgumentParser(prog=command, description=description)
    parser.add_argument("--data", type=Path, default=Path("palio-data"), help="server's folder")
    parser.add_argument("--port", type=int, default=Settings().port)
    parser.add_argument("--exit", action="store_true", help="stop when the play is over")
    return parser


def run(
    options: argparse.Namespace,
    *,
    command: str,
    seconds: int,
    perform: Callable[[Stage], None],
    prepare: Callable[[Stage], None] = lambda _stage: None,
) -> int:
    """Serve, play, then keep serving; exit code 1 with words when it cannot go on.

    Args:
        options: As `options_of` reads them.
        command: What a person types to start it again.
        seconds: Length of the phase.
        perform: The play, on a running server.
        prepare: What the folder needs before the server starts.

    """
    stage = Stage(
        console=Console(highlight=False),
        data=options.data.absolute(),
        server=f"http://127.0.0.1:{options.port}",
        seconds=seconds,
    )
    try:
        check_port(Settings(host="127.0.0.1", port=options.port))
        with server_running(stage, port=options.port, prepare=prepare) as server:
            perform(stage)
            if not options.exit:
                stage.console.print("\nPalio keeps serving. Ctrl-C stops it.")
                server.wait()
    except (DemoError, CannotServeError) as error:
        stage.console.print(f"[bold red]The demo cannot go on.[/] {error}")
        return 1
    except KeyboardInterrupt:
        stage.console.print(f"\nStopped. The next `{command}` starts clean.")
    return 0


@contextmanager
def server_running(
    stage: Stage, *, port: int, prepare: Callable[[Stage], None]
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

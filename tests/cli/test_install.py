"""The client alone: what it imports, and that it works where no server library is installed."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
SERVER_LIBRARIES = {
    *("alembic", "argon2", "celery", "fastapi", "jinja2", "kombu", "numba", "numpy", "pg8000"),
    *("pyarrow", "pydantic_settings", "redis", "sqlalchemy", "sqlmodel", "starlette", "uvicorn"),
}


def loaded(code: str) -> set[str]:
    """Return the top-level modules a fresh Python has after running `code`."""
    code += (
        "\nimport sys, json; print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(run.stdout))


def test_program_loads_no_server_library() -> None:
    assert loaded("import palio.cli.main") & SERVER_LIBRARIES == set()


def test_program_loads_neither_http_nor_tables_before_a_command_needs_them() -> None:
    assert loaded("import palio.cli.main") & {"httpx", "rich"} == set()


def test_client_loads_no_server_library() -> None:
    assert loaded("import palio.cli.client.api") & SERVER_LIBRARIES == set()


def test_checks_of_receipts_and_boards_load_no_server_library_and_no_network() -> None:
    code = "import palio.cli.verify.board, palio.cli.verify.receipt, palio.cli.verify.opening"
    assert loaded(code) & (SERVER_LIBRARIES | {"httpx", "pydantic"}) == set()


def installed(folder: Path, *, extra: str = "") -> Path:
    """Install this checkout, as a copy without its environment, into a fresh venv."""
    source, home = folder / "source", folder / "env"
    unwanted = shutil.ignore_patterns(".*", "*.egg-info", "build", "palio-data", "__pycache__")
    shutil.copytree(ROOT, source, symlinks=True, ignore=unwanted)
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    subprocess.run([home / "bin" / "pip", "install", "--quiet", f"{source}{extra}"], check=True)
    shutil.rmtree(source)
    return home


@pytest.mark.slow
def test_server_from_a_wheel_serves_from_any_folder(tmp_path: Path) -> None:
    program = str(installed(tmp_path, extra="[server]") / "bin" / "palio")
    anywhere = tmp_path / "anywhere"
    anywhere.mkdir()
    for words in (("new", "mine"), ("check", "mine")):
        subprocess.run([program, "challenge", *words], check=True, cwd=anywhere)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([program, "serve", "--port", str(port)], cwd=anywhere)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        for path in ("/", "/static/palio.css", "/api/v1/openapi.json"):
            assert httpx.get(f"http://127.0.0.1:{port}{path}").status_code == httpx.codes.OK
    finally:
        server.terminate()
        assert server.wait(60) == 0
    assert sorted(path.name for path in anywhere.iterdir()) == ["mine", "palio-data"]


def wait_for(address: str) -> None:
    ends_at = time.monotonic() + 120
    while time.monotonic() < ends_at:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address, timeout=5).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)  # a bounded look at another process
    pytest.fail(f"{address} did not answer")


@pytest.mark.slow
def test_client_alone_works_without_the_server_libraries(tmp_path: Path) -> None:
    home = installed(tmp_path)

    def palio(*args: str) -> subprocess.CompletedProcess[str]:
        program = str(home / "bin" / "palio")
        return subprocess.run(
            [program, *args], check=False, capture_output=True, text=True, cwd=tmp_path
        )

    assert palio("--help").returncode == 0
    listed = palio("challenges", "--server", "http://127.0.0.1:1")
    assert (listed.returncode, listed.stderr.splitlines()[0]) == (
        5,
        "error: Cannot reach http://127.0.0.1:1: nothing listens there (connection refused).",
    )
    served = palio("serve")
    assert (served.returncode, served.stderr.splitlines()) == (
        1,
        [
            "error: This command needs the server, and only the client is installed here.",
            "  Install it with: pip install 'palio[server]'",
        ],
    )

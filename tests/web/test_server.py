"""A real server process: double clicks, cut and idle uploads, a kill in the middle, a full disk."""

import gzip
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import httpx
import pytest
from tests.web.site import Site, Visitor, digest_header
from tests.web.toy_pack import predictions

pytestmark = pytest.mark.integration
# Each test starts a server: of what two of them share, one is enough while somebody waits.
SLOW_SQLITE = pytest.param("sqlite", marks=pytest.mark.slow)
SLOW_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.slow)
SCRIPT = Path(__file__).with_name("run_server.py")
PATH = "/api/v1/challenges/toy/submissions?file_name=p.csv"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx reads all certificates for each client


class Server:
    """One process on a free port, over the data folder of a site."""

    def __init__(self, site: Site, *, bytes_max: int | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        settings = site.settings
        args = [sys.executable, str(SCRIPT), str(settings.data_folder), str(self.port)]
        args.append(settings.database_url)
        self.process = subprocess.Popen(args + ([str(bytes_max)] if bytes_max else []))
        self.url = f"http://127.0.0.1:{self.port}"
        self._wait()

    def _wait(self) -> None:
        ends_at = time.monotonic() + 60
        while time.monotonic() < ends_at:
            try:
                httpx.get(f"{self.url}/healthz", verify=NO_TLS)
            except httpx.TransportError:
                time.sleep(0.05)  # nothing tells when a process listens; the loop asks
            else:
                return
        raise TimeoutError("the server did not start")

    def submit(self, visitor: Visitor, body: bytes, *, key: str) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {visitor.token}",
            "Idempotency-Key": key,
            "Content-Digest": digest_header(body),
        }
        return httpx.post(self.url + PATH, content=body, headers=headers, timeout=60, verify=NO_TLS)

    def begin_upload(self, visitor: Visitor, *, length: int, key: str) -> socket.socket:
        """Announce a file, send a tenth of it, and leave the rest open."""
        connection = socket.create_connection(("127.0.0.1", self.port))
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {visitor.token}\r\nIdempotency-Key: {key}\r\n"
            f"Content-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode() + b"1" * (length // 10))
        return connection

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(20)


@contextmanager
def serving(site: Site, *, bytes_max: int | None = None) -> Iterator[Server]:
    server = Server(site, bytes_max=bytes_max)
    try:
        yield server
    finally:
        server.stop()


def incoming(site: Site) -> list[Path]:
    return list((site.settings.blobs_folder / "incoming").iterdir())


def wait_until_incoming(site: Site, count: int) -> None:
    ends_at = time.monotonic() + 20
    while len(incoming(site)) != count:
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{len(incoming(site))} temporary files instead of {count}")
        time.sleep(0.02)  # another process writes them; the loop asks


@pytest.mark.parametrize("database", ["sqlite", SLOW_POSTGRESQL])
def test_forty_double_clicks_at_once_are_one_submission(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    barrier = Barrier(40)

    def click(_number: int) -> tuple[int, str]:
        barrier.wait()
        answer = server.submit(ada, predictions(), key="click")
        return answer.status_code, answer.json()["submission_id"]

    with serving(open_site) as server, ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(click, range(40)))
    assert sorted(status for status, _ in answers) == [200] * 39 + [201]
    assert len({submission_id for _, submission_id in answers}) == 1
    assert (open_site.count("submission"), open_site.count("quota_line")) == (2, 1)
    assert open_site.count("job") == 2


@pytest.mark.parametrize("database", [SLOW_SQLITE, "postgresql"])
def test_forty_different_files_at_once_never_pass_the_quota(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")

    def send(number: int) -> int:
        return server.submit(ada, predictions(number / 100), key=f"k{number}").status_code

    with serving(open_site) as server, ThreadPoolExecutor(40) as pool:
        statuses = list(pool.map(send, range(40)))
    assert sorted(statuses) == [201] * 5 + [429] * 35
    assert open_site.count("quota_line") == 5
    assert incoming(open_site) == []


def test_a_cut_upload_leaves_nothing_and_the_retry_works(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    with serving(open_site) as server:
        connection = server.begin_upload(ada, length=3 * 2**20, key="k")
        wait_until_incoming(open_site, 1)
        connection.close()
        wait_until_incoming(open_site, 0)
        assert open_site.count("submission") == 1
        assert server.submit(ada, predictions(), key="k").status_code == 201


@pytest.mark.slow
def test_an_upload_that_falls_silent_is_ended_in_words(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    with serving(open_site) as server:
        connection = server.begin_upload(ada, length=3 * 2**20, key="k")
        answer = connection.makefile("rb").read()  # until the server closes
        connection.close()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"upload_idle"' in answer
    assert incoming(open_site) == []
    assert open_site.count("submission") == 1


@pytest.mark.slow
def test_a_server_killed_in_the_middle_of_an_upload_counts_nothing(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    server = Server(open_site)
    connection = server.begin_upload(ada, length=3 * 2**20, key="k")
    wait_until_incoming(open_site, 1)
    server.kill()
    connection.close()
    assert open_site.count("submission") == 1
    assert ada.get("/api/v1/challenges/toy/quota").json()["used_today"] == 0
    with serving(open_site) as again:
        answer = again.submit(ada, predictions(), key="k")
        repeated = again.submit(ada, predictions(), key="k")
    assert (answer.status_code, repeated.status_code) == (201, 200)
    assert ada.get("/api/v1/challenges/toy/quota").json()["used_today"] == 1


def test_a_file_the_disk_has_no_room_for_is_refused_whole(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    with serving(open_site, bytes_max=3 * 2**20) as server:
        answer = server.submit(ada, b"x" * (7 * 2**19), key="large")
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        checked = httpx.post(
            f"{server.url}/api/v1/challenges/toy/checks",
            content=b"x" * (7 * 2**19),
            headers={"Authorization": f"Bearer {ada.token}"},
            timeout=60,
        )
        assert (checked.status_code, checked.json()["code"]) == (507, "storage_full")
        assert incoming(open_site) == []
        assert server.submit(ada, predictions(), key="small").status_code == 201
    assert open_site.count("submission") == 2


@pytest.mark.slow
def test_a_large_image_streams_with_flat_memory(open_site: Site) -> None:
    open_site.take_models(image_max_bytes=2**30)
    ada = open_site.person("ada", accepts="toy")
    size = 256 * 2**20
    head = gzip.compress(b"an image") + bytes(2**20)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(size // 2**20):
            yield bytes(2**20)

    with serving(open_site) as server:
        before = peak_kib(server)
        open_site.worker_for_models()
        answer = httpx.post(
            f"{server.url}{PATH}&delivery=image",
            content=body(),
            headers={"Authorization": f"Bearer {ada.token}", "Idempotency-Key": "k"},
            timeout=120,
        )
        assert (answer.status_code, answer.json()["bytes"]) == (201, len(head) + size)
        assert peak_kib(server) - before < 32 * 1024


def peak_kib(server: Server) -> int:
    """The most memory the process ever had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts a small disk")
def test_a_really_full_disk_loses_nothing(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    blobs = open_site.settings.blobs_folder / "incoming"
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(blobs)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine does not let root mount a tmpfs")
    try:
        with serving(open_site) as server:
            answer = server.submit(ada, b"x" * (2 * 2**20), key="large")
    finally:
        subprocess.run(["umount", str(blobs)], check=True)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert open_site.count("submission") == 1
    assert ada.submit(key="large").status_code == 201

"""A small server that speaks our own API and can break connections, to see what the client does."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

SUBMISSION = {
    "id": "s1",
    "state": "scored",
    "status": "Scored.",
    "queue": None,
    "reason": "",
    "findings": [],
    "public_scores": [{"metric": "rmse", "score": "0.8972"}],
    "received_at": "2026-12-01T12:00:00Z",
    "ended_at": "2026-12-01T12:00:01Z",
    "file_name": "blend.csv",
    "sha256": "0" * 64,
    "bytes": 3,
    "note": "",
    "is_chosen": False,
    "kind": "competitor",
    "label": "",
    "team": {"id": "t1", "name": "ada"},
}
# What any challenge says of itself; a test changes what matters to it.
DETAIL: dict[str, Any] = (
    dict.fromkeys(
        ("slug", "title", "tagline", "state", "organizer", "data_licence", "description"), "x"
    )
    | dict.fromkeys(("entry_rule", "rules_sha256", "now"), "x")
    | {key: [] for key in ("metrics", "phases", "prizes", "schedule_changes")}
    | {"form": {}, "team_rules": {}, "limits": {}, "accepted_rules": True}
)


@dataclass
class Request:
    """What arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Fake:
    """The server's memory, and how it misbehaves.

    Attributes:
        faults: Taken one for each request: an HTTP status, or ``cut`` to hang up without answer;
            None answers as usual.
        cut_after: A download ends after so many bytes, once for each entry.
        files: Data files by path.
        answers: Documents by ``METHOD path``; each a list that is used up but for its last.
        signed: What an upload is answered with as its signed receipt; empty = an older server.

    """

    faults: list[int | str | None] = field(default_factory=list)
    cut_after: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, list[Any]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    by_key: dict[str, bytes] = field(default_factory=dict)
    signed: dict[str, Any] = field(default_factory=dict)
    address: str = ""

    def answer(self, method: str, path: str) -> Any:
        waiting = self.answers[f"{method} {path}"]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def problem(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "code": code, "detail": detail, "findings": [], **more}


class Handler(BaseHTTPRequestHandler):
    """Answers one connection as the fake says."""

    fake: ClassVar[Fake]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.fake.requests.append(Request(self.command, self.path, headers, body))
        if path.endswith("/submissions") and self.command == "POST":
            self._receive(headers, body)
            return
        if self._broken():
            return
        name = path.rpartition("/data/")[2]
        if name in self.fake.files:
            self._send_file(self.fake.files[name], headers.get("range", ""))
            return
        document = self.fake.answer(self.command, path)
        status = document.get("status", 200) if isinstance(document, dict) else 200
        self._send(status if isinstance(status, int) else 200, document)

    def _broken(self) -> bool:
        fault = self.fake.faults.pop(0) if self.fake.faults else None
        if fault == "cut":
            self.close_connection = True
            self.connection.close()
        elif isinstance(fault, int):
            self._send(fault, problem(fault, "busy", "Busy."), {"Retry-After": "7"})
        return fault is not None

    def _receive(self, headers: dict[str, str], body: bytes) -> None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert headers["content-digest"] == f"sha-256=:{digest}:"
        is_new = headers["idempotency-key"] not in self.fake.by_key
        self.fake.by_key[headers["idempotency-key"]] = body
        if self._broken():  # what breaks here has been received all the same
            return
        receipt = {
            "submission_id": f"s{len(self.fake.by_key)}",
            "file_name": "blend.csv",
            "sha256": hashlib.sha256(body).hexdigest(),
            "bytes": len(body),
            "received_at": "2026-12-01T12:00:00Z",
            "is_new": is_new,
        } | ({"receipt_json": self.fake.signed} if self.fake.signed else {})
        self._send(201 if is_new else 200, receipt)

    def _send_file(self, content: bytes, range_header: str) -> None:
        start = int(range_header.removeprefix("bytes=").rstrip("-") or 0)
        rest = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.fake.cut_after:
            self.wfile.write(rest[: self.fake.cut_after.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(rest)

    def _send(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        body = b"" if status == 204 else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 (http.server's names)


@contextmanager
def running() -> Iterator[Fake]:
    """Serve on a free port until the block ends."""
    fake = Fake()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"fake": fake}))
    server.daemon_threads = True
    fake.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

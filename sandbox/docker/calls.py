"""Every word said to an engine: typed, and each under a time limit."""

import base64
import io
import json
import os
import re
import stat
import struct
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, Any

from palio.sandbox.docker.log import LogEnd
from palio.sandbox.spec import SandboxError

KILL_SECONDS = 10  # between SIGKILL and the engine's word that all is dead
FEW_LINES, MANY_LINES = 64, 4096
CHUNK_BYTES = 2**16
_FRAME_HEAD = struct.Struct(">B3xL")  # of a piece of log: which stream, how many bytes
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")
# How the engine, written in Go, tells what a file is.
_GO_SYMLINK, _GO_NO_FILE = 1 << 27, 1 << 31 | 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19


class EngineError(SandboxError):
    """The engine did not answer, or said no.

    Attributes:
        status: As in HTTP: 400 for a request it cannot fulfil, 404 for a thing that is not there,
            409 for a conflict; 0 when there was no answer.

    """

    def __init__(self, text: str, *, status: int = 0) -> None:
        super().__init__(text)
        self.status = status

    @property
    def is_missing(self) -> bool:
        """The thing asked for is not there."""
        return self.status == HTTPStatus.NOT_FOUND


@contextmanager
def _asked(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # so are all errors of the SDK's transport and of the engine
        status = getattr(error, "status_code", None) or 0
        text = getattr(error, "explanation", None) or str(error)
        raise EngineError(f"the Docker engine could not {what}: {text}", status=status) from error


@contextmanager
def _missing_is_fine() -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        if not error.is_missing:
            raise


class Calls:
    """What the parts of the Docker backend ask of an engine.

    Every method raises EngineError; none waits longer than its client's time-out.

    Args:
        api: Low-level client of the SDK with a short time-out, for everything small.
        slow_api: The same with a long one, for moving images.

    """

    def __init__(self, api: Any, slow_api: Any) -> None:  # noqa: ANN401 (the SDK has no types)
        self._api, self._slow = api, slow_api

    def info(self) -> Mapping[str, Any]:
        """Give what the engine says of itself and of the machine."""
        with _asked("tell about itself"):
            info: Mapping[str, Any] = self._api.info()
        return info

    def version(self) -> Mapping[str, Any]:
        """Give the versions of the engine and of its parts."""
        with _asked("tell its version"):
            version: Mapping[str, Any] = self._api.version()
        return version

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        """Make a container from a body of the engine's API; return its id."""
        with _asked("make a container"):
            return str(self._api.create_container_from_config(body, name=name)["Id"])

    def start(self, box: str) -> None:
        """Start a container, detached."""
        with _asked("start a container"):
            self._api.start(box)

    def wait(self, box: str, *, seconds: float) -> bool:
        """Wait for a container's end; False when it still runs after so many seconds."""
        try:
            with _asked("wait for a container"):
                self._api.wait(box, timeout=seconds)
        except EngineError as error:
            if error.status == 0 and "timed out" in str(error):
                return False
            raise
        return True

    def kill(self, box: str) -> bool:
        """Kill everything in a container and wait for its end; False when it had ended before.

        Raises:
            EngineError: It is still alive.

        """
        try:
            with _asked("kill a container"):
                self._api.kill(box)
        except EngineError as error:
            if error.status == HTTPStatus.CONFLICT:  # it is not running
                return False
            raise
        if not self.wait(box, seconds=KILL_SECONDS):
            raise EngineError("the Docker engine did not end a container that it killed")
        return True

    def state(self, box: str) -> Mapping[str, Any]:
        """Give the `State` of a container."""
        with _asked("look at a container"):
            state: Mapping[str, Any] = self._api.inspect_container(box)["State"]
        return state

    def usage(self, box: str) -> tuple[float, int]:
        """Give CPU seconds so far, and bytes of memory: the peak where the engine knows it."""
        with _asked("measure a container"):
            found = self._api.stats(box, stream=False, one_shot=True)
        memory = found.get("memory_stats", {})
        cpu = found.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage", 0)
        return cpu / 1e9, int(memory.get("max_usage") or memory.get("usage") or 0)

    def log_end(self, box: str, *, most_bytes: int) -> tuple[bytes, bool]:
        """Read the end of a dead container's log, of its last `MANY_LINES` lines at most.

        Few lines are asked for first: the engine hands out each by itself, at a price.

        Returns:
            At most `most_bytes` bytes, and whether there was more.

        """
        end = self._log_lines(box, FEW_LINES, most_bytes=most_bytes)
        if end.pieces >= FEW_LINES:
            end = self._log_lines(box, MANY_LINES, most_bytes=most_bytes)
        return bytes(end), end.is_cut or end.pieces >= MANY_LINES

    def _log_lines(self, box: str, lines: int, *, most_bytes: int) -> LogEnd:
        end = LogEnd(most_bytes)
        wish = {"tail": lines, "stdout": 1, "stderr": 1}
        with self._read(f"/containers/{box}/logs", wish) as body:
            while head := body.read(_FRAME_HEAD.size):
                stream, size = _FRAME_HEAD.unpack(head)
                end.add(stream, body.read(size))
        return end

    @contextmanager
    def _read(self, path: str, wish: Mapping[str, str | int]) -> Iterator["_Body"]:
        """Open an answer as a stream. The SDK's own streams wait without end for a dead engine."""
        with _asked("hand out what a container left"):
            address = f"{self._api.base_url}/v{self._api.api_version}{path}"
            answer = self._api.get(address, params=wish, stream=True, timeout=self._api.timeout)
            try:
                if answer.status_code != HTTPStatus.OK:
                    text = answer.json().get("message", "")
                    raise EngineError(f"the Docker engine said: {text}", status=answer.status_code)
                yield _Body(answer)
            finally:
                answer.close()

    def remove(self, box: str) -> None:
        """Kill and remove a container with its anonymous volumes; fine when it is not there."""
        with _missing_is_fine(), _asked("remove a container"):
            self._api.remove_container(box, v=True, force=True)

    def names(self, prefix: str) -> tuple[str, ...]:
        """Give the names of all containers, running or not, that begin so."""
        with _asked("list containers"):
            found = self._api.containers(all=True, filters={"name": prefix})
        names = (name.lstrip("/") for box in found for name in box["Names"])
        return tuple(sorted(name for name in names if name.startswith(prefix)))

    def make_volume(self, name: str, options: Mapping[str, str]) -> None:
        """Make a volume of the engine's `local` driver."""
        with _asked("make a volume"):
            self._api.create_volume(name=name, driver="local", driver_opts=dict(options))

    def remove_volume(self, name: str) -> None:
        """Remove a volume; fine when it is not there."""
        with _missing_is_fine(), _asked("remove a volume"):
            self._api.remove_volume(name, force=True)

    def volumes(self, prefix: str) -> tuple[str, ...]:
        """Give the names of all volumes that begin so."""
        with _asked("list volumes"):
            found = self._api.volumes(filters={"name": prefix})["Volumes"] or ()
        return tuple(sorted(v["Name"] for v in found if v["Name"].startswith(prefix)))

    def put(self, box: str, folder: str, tar: IO[bytes]) -> None:
        """Unpack a tar into a folder of a container."""
        with _asked("take in files"):
            self._slow.put_archive(box, folder, tar)

    @contextmanager
    def open_file(self, box: str, path: str) -> Iterator[tuple[os.stat_result, IO[bytes]]]:
        """Open one file of a container; a link is told of, never followed.

        Yields:
            What it is, and its bytes; there are none of anything but a regular file. How many
            names it has the engine does not tell: always 1.

        """
        with self._read(f"/containers/{box}/archive", {"path": path}) as body:
            found = _stat_of(body.headers["X-Docker-Container-Path-Stat"])
            if not stat.S_ISREG(found.st_mode):
                yield found, io.BytesIO()
                return
            tar = tarfile.open(fileobj=body, mode="r|")  # noqa: SIM115 (reads on while in use)
            member = tar.next()
            content = tar.extractfile(member) if member else None
            if content is None:
                raise EngineError("the Docker engine sent another thing than it said")
            yield found, content

    def find_image(self, name: str) -> str:
        """Give the id of an image; empty when the engine has none of that name or id."""
        try:
            with _asked("look at an image"):
                return str(self._api.inspect_image(name)["Id"])
        except EngineError as error:
            if error.is_missing:
                return ""
            raise

    def has_tag(self, image: str) -> bool:
        """Tell whether somebody gave an image a name; False when it is not there."""
        try:
            with _asked("look at an image"):
                return bool(self._api.inspect_image(image)["RepoTags"])
        except EngineError as error:
            if error.is_missing:
                return False
            raise

    def import_root(self, tar: IO[bytes]) -> str:
        """Make an image of one layer and no configuration from a tar; return its id."""
        with _asked("take in a root"):
            # In pieces: the SDK announces pieces even for a file, which it then sends whole.
            pieces = iter(lambda: tar.read(CHUNK_BYTES), b"")
            answer = self._slow.import_image_from_stream(pieces)
        found = _IMAGE_ID.search(str(answer))
        if not found:
            raise EngineError(f"the Docker engine did not take in a root: {answer}")
        return found.group()

    def load(self, archive: IO[bytes]) -> str:
        """Load an archive of one image; return what the engine says of it.

        Raises:
            EngineError: Also when the engine refused half way, which it tells at the end.

        """
        with _asked("load an image"):
            answers = list(self._slow.load_image(archive))
        for answer in answers:
            if "error" in answer:
                raise EngineError(f"the Docker engine could not load an image: {answer['error']}")
        return "".join(str(answer.get("stream", "")) for answer in answers)

    def remove_image(self, image: str) -> bool:
        """Remove an image by id; False while a container stands on it. Fine when it is gone."""
        try:
            with _missing_is_fine(), _asked("remove an image"):
                self._api.remove_image(image)
        except EngineError as error:
            if error.status == HTTPStatus.CONFLICT:
                return False
            raise
        return True


class _Body(io.RawIOBase):
    """An answer's body as a file: exact reads, and errors of one kind."""

    def __init__(self, answer: Any) -> None:  # noqa: ANN401 (the SDK has no types)
        self.headers: Mapping[str, str] = answer.headers
        self._pieces = answer.iter_content(CHUNK_BYTES)
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """Give exactly so many bytes, fewer only at the end."""
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                size = len(self._rest)
            self._rest += piece
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def _stat_of(header: str) -> os.stat_result:
    found = json.loads(base64.b64decode(header))
    kind = stat.S_IFREG
    if found["mode"] & (_GO_SYMLINK | _GO_NO_FILE):
        kind = stat.S_IFLNK if found["mode"] & _GO_SYMLINK else stat.S_IFIFO
    return os.stat_result((kind, 0, 0, 1, 0, 0, found["size"], 0, 0, 0))

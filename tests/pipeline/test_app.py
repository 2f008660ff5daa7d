import logging
import socket
import time
from pathlib import Path

import pytest
import redis

from palio.core.queue import Message
from palio.core.settings import Settings
from palio.pipeline.app import make_app, make_sender, waiting_messages
from palio.pipeline.contracts import Queue, Task


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_dead_broker_fails_no_request_and_costs_little_time(
    closed_port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(data_folder=tmp_path, broker_url=f"redis://127.0.0.1:{closed_port}/0")
    send = make_sender(make_app(settings))
    begin = time.monotonic()
    with caplog.at_level(logging.ERROR):
        for number in range(50):
            send(Message(task=Task.SCORE, id=str(number)))
    assert time.monotonic() - begin < 3
    assert [record.name for record in caplog.records] == ["palio.pipeline.app"]


def test_a_broker_that_never_answers_costs_little_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        settings = Settings(data_folder=tmp_path, broker_url=f"redis://127.0.0.1:{port}/0")
        begin = time.monotonic()
        with caplog.at_level(logging.CRITICAL):
            make_sender(make_app(settings))(Message(task=Task.SCORE, id="1"))
        assert time.monotonic() - begin < 3


@pytest.mark.integration
def test_redis_holds_what_was_sent(redis_address: str, tmp_path: Path) -> None:
    app = make_app(Settings(data_folder=tmp_path, broker_url=redis_address))
    client = redis.Redis(unix_socket_path=redis_address.removeprefix("redis+socket://"))
    client.flushall()
    make_sender(app)(Message(task=Task.SCORE, id="1"))
    assert waiting_messages(app, Queue.SCORE) == 1
    client.flushall()
    assert waiting_messages(app, Queue.SCORE) == 0
    client.close()

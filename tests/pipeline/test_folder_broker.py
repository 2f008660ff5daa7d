import json
import threading
from pathlib import Path

import pytest
from celery import Celery

from palio.core.queue import Message
from palio.core.settings import Settings
from palio.pipeline.app import make_app, make_sender, waiting_messages
from palio.pipeline.contracts import Queue, Task


def app_in(folder: Path) -> Celery:
    return make_app(Settings(data_folder=folder))


def drain(app: Celery, queue: Queue) -> list[str]:
    ids = []
    with app.connection_for_read() as connection:
        simple = connection.SimpleQueue(queue, no_ack=True)
        while simple.qsize():
            try:
                ids.append(simple.get(block=False).payload[0][0])
            except simple.Empty:
                break
        simple.close()
    return ids


def test_messages_come_out_in_the_order_they_went_in(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    send = make_sender(app)
    for number in range(20):
        send(Message(task=Task.SCORE, id=str(number)))
    assert waiting_messages(app, Queue.SCORE) == 20
    assert waiting_messages(app, Queue.BOARD) == 0
    assert drain(app, Queue.SCORE) == [str(number) for number in range(20)]
    assert waiting_messages(app, Queue.SCORE) == 0


def test_each_task_goes_to_its_own_queue(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    send = make_sender(app)
    for task in Task:
        send(Message(task=task, id=task))
    assert drain(app, Queue.SCORE) == ["score", "open"]
    assert drain(app, Queue.BOARD) == ["publish", "settle", "scan"]


def test_a_message_is_one_id_in_json_and_nothing_else(tmp_path: Path) -> None:
    send = make_sender(app_in(tmp_path))
    send(Message(task=Task.SCORE, id="abc"))
    (file,) = (tmp_path / "broker" / "score").iterdir()
    message = json.loads(file.read_text())
    assert message["headers"]["task"] == "palio.score"
    assert message["headers"]["ignore_result"] is True
    assert message["content-type"] == "application/json"


def test_eight_readers_get_each_message_once(tmp_path: Path) -> None:
    send = make_sender(app_in(tmp_path))
    for number in range(200):
        send(Message(task=Task.SCORE, id=str(number)))
    got: list[list[str]] = [[] for _ in range(8)]
    readers = [
        threading.Thread(target=lambda out=out: out.extend(drain(app_in(tmp_path), Queue.SCORE)))
        for out in got
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    everything = [number for out in got for number in out]
    assert sorted(everything, key=int) == [str(number) for number in range(200)]


def test_a_half_written_file_is_not_a_message(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    make_sender(app)(Message(task=Task.SCORE, id="whole"))
    (tmp_path / "broker" / "score" / "00000000000000000000-cut").write_text('{"body"')
    assert drain(app, Queue.SCORE) == ["whole"]


@pytest.mark.parametrize("left", [b"", bytes(4096), b"\xff\xfe", b'{"body"', b"[]"])
def test_what_a_power_cut_left_of_a_message_is_dropped(tmp_path: Path, left: bytes) -> None:
    app = app_in(tmp_path)
    make_sender(app)(Message(task=Task.SCORE, id="whole"))
    (tmp_path / "broker" / "score" / "00000000000000000000-cut.json").write_bytes(left)
    assert drain(app, Queue.SCORE) == ["whole"]
    assert waiting_messages(app, Queue.SCORE) == 0


def test_purge_counts_what_it_removed(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    send = make_sender(app)
    for number in range(3):
        send(Message(task=Task.SCORE, id=str(number)))
    with app.connection_for_write() as connection:
        assert connection.default_channel.queue_purge(Queue.SCORE) == 3
    assert waiting_messages(app, Queue.SCORE) == 0

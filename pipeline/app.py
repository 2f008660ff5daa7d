"""The Celery application and nothing else: where messages go and how they are sent."""

import logging
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from palio.core import queue
from palio.core.settings import Settings
from palio.pipeline import contracts, folder_broker

_QUEUE_OF = {
    **{task: name for name, task in contracts.JOB_QUEUES.items()},
    contracts.Task.PUBLISH: contracts.Queue.BOARD,
    contracts.Task.SETTLE: contracts.Queue.BOARD,
    contracts.Task.SCAN: contracts.Queue.BOARD,
    contracts.Task.OPEN: contracts.Queue.SCORE,  # its workers read answers
}
_SEND_SECONDS = 1.0
_PAUSE_SECONDS = 5.0  # after a failure to send; the sweep sends what is left out
_RUN_SECONDS_MAX = 1800

Sender = Callable[[queue.Message], None]

_log = logging.getLogger(__name__)


def make_app(settings: Settings) -> Celery:
    """Make the Celery application for the broker in the settings."""
    folder_broker.register()
    app = Celery("palio", set_as_current=False)
    app.conf.update(
        **_broker_options(settings),
        task_ignore_result=True,
        task_acks_late=False,  # the lease in the database decides, not the broker
        task_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_create_missing_queues=False,
        task_queues=[_broker_queue(name) for name in contracts.Queue],
        task_default_queue=contracts.Queue.SCORE,
        task_time_limit=_RUN_SECONDS_MAX,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        enable_utc=True,
    )
    return app


def _broker_queue(name: str) -> Queue:
    return Queue(name, Exchange(""), routing_key=name)  # type: ignore[no-untyped-call]  # kombu has no types


def _broker_options(settings: Settings) -> dict[str, Any]:
    prefix = f"{folder_broker.SCHEME}://"
    if settings.broker.startswith(prefix):
        return {
            "broker_url": f"{prefix}localhost/",  # kombu wants a host; the folder is below
            "broker_transport_options": {
                "folder": settings.broker.removeprefix(prefix),
                "polling_interval": settings.broker_poll_seconds,
            },
        }
    return {
        "broker_url": settings.broker,
        "broker_connection_timeout": _SEND_SECONDS,
        "broker_transport_options": {
            "socket_connect_timeout": _SEND_SECONDS,
            "socket_timeout": 2 * _SEND_SECONDS,  # longer than the 1 s a waiting worker blocks
            "max_retries": 0,
            "interval_start": 0,
        },
    }


def make_sender(app: Celery) -> Sender:
    """Return the function that the unit of work hands its messages to.

    It never raises and never waits long: the rows are committed, and the sweep sends again what
    a broker did not take. After a failure it stays quiet for some seconds, so that a dead
    broker does not slow every request.
    """
    quiet_until = 0.0

    def send(message: queue.Message) -> None:
        nonlocal quiet_until
        if time.monotonic() < quiet_until:
            return
        try:
            app.send_task(
                f"palio.{message.task}",
                args=[message.id],
                queue=_QUEUE_OF[contracts.Task(message.task)],
                retry=False,
                ignore_result=True,
            )
        except Exception:  # noqa: BLE001 (each transport has its own errors; none may reach a request)
            quiet_until = time.monotonic() + _PAUSE_SECONDS
            _log.exception("the broker did not take %s; the sweep will send it again", message)

    return send


def waiting_messages(app: Celery, queue_name: contracts.Queue) -> int:
    """Return how many messages the broker holds for a queue; broker errors reach the caller."""
    with app.connection_for_write() as connection:
        return int(connection.default_channel.queue_declare(queue_name).message_count)

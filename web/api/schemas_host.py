"""Shapes of what a host sees and does, and of the server's health."""

from datetime import datetime

from pydantic import Field

from palio.pipeline.contracts import AlarmKind, JobState, Queue
from palio.sandbox.spec import Level
from palio.submissions.contracts import SubmissionState
from palio.web.api.schemas import ID, NOW, Order, View, example


class AbilitiesView(View):
    """How strong a box a worker has for code, images and metrics; `words` say what is missing."""

    code: Level
    image: Level
    metric: Level
    words: str


class WorkerView(View):
    """One worker, what it takes, and its last sign of life."""

    name: str
    processes: int
    queues: tuple[Queue, ...]
    abilities: AbilitiesView
    started_at: datetime
    seen_at: datetime


class AlarmView(View):
    """Something the host has to look at."""

    id: str
    kind: AlarmKind
    words: str
    raised_at: datetime


class HostView(View):
    """How a challenge is doing."""

    model_config = example(
        {
            "submissions": {"scored": 31, "refused": 2},
            "jobs": {"queued": 0, "running": 1, "done": 33, "failed": 0},
            "pending": 1,
            "workers_alive": 2,
            "workers": [
                {
                    "name": "worker-1",
                    "processes": 2,
                    "queues": ["score", "board"],
                    "abilities": {"code": "none", "image": "none", "metric": "none", "words": ""},
                    "started_at": NOW,
                    "seen_at": NOW,
                },
            ],
            "alarms": [
                {
                    "id": ID,
                    "kind": "queue_quiet",
                    "words": "No worker for 2 minutes.",
                    "raised_at": NOW,
                }
            ],
            "teams": 12,
        }
    )

    submissions: dict[SubmissionState, int]
    jobs: dict[JobState, int]
    pending: int
    workers_alive: int
    workers: tuple[WorkerView, ...]
    alarms: tuple[AlarmView, ...]
    teams: int


class GrantOrder(Order):
    """Extra tries for one team; the reason stands in its ledger."""

    model_config = example({"tries": 2, "reason": "The server was down on Tuesday."})

    tries: int = Field(ge=1, le=1000)
    reason: str = Field(min_length=1, max_length=500)


class HealthView(View):
    """Whether the server can work."""

    model_config = example({"status": "ok", "database": True, "workers_alive": 2})

    status: str
    database: bool
    workers_alive: int

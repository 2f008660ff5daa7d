"""What `palio doctor` says of boxes: which levels this machine offers, tried out, and for what."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from palio.challenges import queries as challenges
from palio.challenges.contracts import ChallengeState
from palio.cli.client import show
from palio.cli.operate.findings import Line
from palio.core import db
from palio.core.clock import database_now
from palio.core.settings import Settings
from palio.pipeline import boxes, queries
from palio.pipeline.contracts import Queue
from palio.pipeline.rules import memory_needed
from palio.pipeline.worker import ANSWERS_WAY_OUT, ANSWERS_WORDS, may_meet_answers, wanted_boxes
from palio.sandbox.choose import Backend
from palio.sandbox.runtime import build
from palio.sandbox.spec import Level, Probe

OFF = "PALIO_SANDBOX_BACKEND is none: code, images and own metrics are not run here"


def looks(settings: Settings) -> Iterator[Line]:
    """Run a small program in every kind of box there is here, and say what each is used for."""
    wanted = wanted_boxes(settings)
    if not wanted.policy.backends:
        yield Line("ok", "boxes", OFF)
        return
    with TemporaryDirectory(prefix="palio-doctor-") as folder:  # nothing of the server's own
        probes = _tried(replace(wanted, folder=Path(folder)))
    for backend, probe in probes.items():
        yield of_probe(backend, probe)
    memory = boxes.machine_memory()
    yield from of_choice(boxes.choice_of(probes, policy=wanted.policy, memory_bytes=memory))
    if may_meet_answers(settings):
        yield Line("warn", "answers", ANSWERS_WORDS, ANSWERS_WAY_OUT)
    yield _of_runtime(settings)


def _tried(wanted: boxes.Wanted) -> Mapping[Backend, Probe]:
    site = secrets.token_hex(4)  # of this look alone, so that nothing of a worker is touched
    opened = boxes.opener(wanted, site=site)
    found: dict[Backend, Probe] = {}
    for backend in wanted.policy.backends:
        found[backend] = opened(backend).probe()
        if found[backend].level is not Level.NONE:
            opened(backend).reap(is_live=lambda _name: False)
            opened(backend).prune_images(keep=frozenset())
    return found


def of_probe(backend: str, probe: Probe) -> Line:
    """Say what one kind of box is worth on this machine."""
    facts = f" ({'; '.join(probe.facts)})" if probe.facts else ""
    if probe.level is Level.NONE:
        return Line("ok", backend, f"not usable{facts}", " ".join(probe.missing))
    words = f"level {probe.level}, a program ran inside{facts}"
    return Line("warn" if probe.missing else "ok", backend, words, " ".join(probe.missing))


def of_choice(choice: boxes.Choice) -> Iterator[Line]:
    """Say what runs where, and what cannot run at all."""
    uses = (
        ("code", choice.code, choice.abilities.code),
        ("images", choice.image, choice.abilities.image),
        ("own metrics", choice.metric, choice.abilities.metric),
    )
    running = [f"{what}: {backend} ({level})" for what, backend, level in uses if backend]
    missing = [what for what, backend, _ in uses if not backend]
    if running:
        yield Line("ok", "boxes", ", ".join(running))
    if missing:
        words = f"{', '.join(missing)} cannot be run here; predictions work"
        way_out = "What is missing stands above; or lower PALIO_SANDBOX_LEVEL_CODE and …_IMAGES."
        yield Line("warn", "boxes", words, way_out)


def _of_runtime(settings: Settings) -> Line:
    if build.find(settings.boxes_folder) is None:
        words = "not made yet; a worker makes it when a challenge needs it"
        return Line("ok", "runtime", words, "Make it now with: palio runtime build")
    return Line("ok", "runtime", "the Python for code and metrics is there")


def look_at_fit(engine: Engine) -> Line:
    """See that every challenge that is on fits on a machine that is up."""
    with db.reading(engine) as session:
        now = database_now(session)
        plans = [
            challenges.by_id(session, challenge_id).plan
            for state in (ChallengeState.SCHEDULED, ChallengeState.OPEN)
            for challenge_id in challenges.ids_in_state(session, state)
        ]
        faults = []
        for queue in (Queue.METRIC, Queue.MODEL):
            workers = queries.alive(session, queue=queue, now=now)
            room = max((worker.abilities.memory_bytes for worker in workers), default=0)
            faults += [
                f"{plan.slug} wants {show.size_of(memory_needed(plan, queue))} for {queue} boxes, "
                + (
                    f"the largest machine up has {show.size_of(room)}"
                    if room
                    else "no worker is up"
                )
                for plan in plans
                if memory_needed(plan, queue) > room
            ]
    if faults:
        way_out = "Start a worker with boxes: palio worker --queues metric,model"
        return Line("warn", "fit", "; ".join(faults), way_out)
    return Line("ok", "fit", "every challenge's boxes fit on a machine that is up")

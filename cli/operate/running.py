"""Commands that run the server or a part of it."""

from pathlib import Path

from palio.cli.client import show
from palio.cli.client.errors import ClientError
from palio.cli.operate.here import here, load, make_folder
from palio.core import db
from palio.migrations import upgrade
from palio.pipeline import app, supervise, sweep, tables
from palio.pipeline import worker as workers
from palio.pipeline.contracts import Queue


def serve(*, host: str | None, port: int | None, data: Path | None) -> object:
    """Run web and worker until they are asked to stop."""
    settings = load(data, host=host, port=port)
    make_folder(settings)
    show.line(f"Data folder: {settings.data_folder.absolute()}", dim=True)
    supervise.serve(settings, say=show.line)
    return {"stopped": True}


def web(*, host: str | None, port: int | None, data: Path | None) -> object:
    """Run the web server until it is asked to stop."""
    settings = load(data, host=host, port=port)
    supervise.check_port(settings)
    with here(data):
        pass  # the database answers and has this version's schema
    supervise.log_warnings()
    show.line(f"Palio's web server is at {settings.url} (Ctrl-C stops it)")
    supervise.run_web(settings)
    return {"stopped": True}


def worker(queues: str, *, data: Path | None) -> object:
    """Run workers for some queues until they are asked to stop.

    Raises:
        ClientError: There is no such queue, or this machine cannot work on it.

    """
    settings = load(data)
    taken = read_queues(queues)
    if taken == (Queue.MODEL,) and settings.sandbox_backend == "none":
        raise ClientError(
            "PALIO_SANDBOX_BACKEND is none, so this worker could run nothing.",
            hint="Set it to auto, or take other queues.",
        )
    show.line(f"Taking jobs of: {', '.join(taken)} (Ctrl-C stops it)")
    supervise.work(settings, queues=taken, say=show.line)
    return {"stopped": True}


def read_queues(text: str) -> tuple[Queue, ...]:
    """Read names of queues separated by commas; none = all of them.

    Raises:
        ClientError: There is no such queue.

    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in set(Queue)]
    if unknown:
        raise ClientError(
            f"There is no queue {unknown[0]!r}.", hint=f"There are: {', '.join(Queue)}."
        )
    return tuple(queue for queue in Queue if not names or queue in names)


def migrate(data: Path | None) -> object:
    """Bring the database to the newest schema."""
    settings = load(data)
    make_folder(settings)
    engine = db.open_engine(settings.database)
    try:
        before, after = upgrade.upgrade(engine, metadata=tables.metadata)
    finally:
        engine.dispose()
    show.line(
        f"The database is up to date (schema {after})."
        if before == after
        else f"The database went from {before or 'empty'} to schema {after}."
    )
    return {"before": before, "after": after}


def sweep_once(data: Path | None) -> object:
    """Do what a worker's sweep does, once."""
    settings = load(data)
    celery = app.make_app(settings)
    bench = workers.make_bench(settings, celery)
    sweep.sweep(bench, celery, quiet_seconds=settings.worker_quiet_seconds)
    show.line("Swept once.")
    return {"swept": True}

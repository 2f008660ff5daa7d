"""Opens answers on a machine that may read them, and keeps the log: erasures, further keys."""

from pathlib import Path

from palio.cli.client import show
from palio.cli.operate.here import here
from palio.core import audit, checkpoints
from palio.core.clock import database_now
from palio.core.storage import LocalStorage
from palio.datasets import seal
from palio.pipeline import opening


def open_answers(challenge: str, *, row: str, out: Path, data: Path | None) -> object:
    """Write the answers, or one row, with what opens their promise."""
    with here(data) as server, server.work() as session:
        rows = opening.open_answers(
            session,
            slug=challenge,
            row_id=row,
            target=out,
            open_key=lambda key: seal.open_key(
                ids_storage=LocalStorage(server.settings.blobs_folder),
                sealed_storage=LocalStorage(server.settings.sealed_folder),
                key=key,
            ),
            now=database_now(session),
        )
    show.line(f"Opened {rows:,} {'row' if rows == 1 else 'rows'} into {out}. The log says so.")
    show.line(f"Anybody checks it with: palio verify board BUNDLE --answers {out}")
    return {"challenge": challenge, "rows": rows, "file": str(out)}


def erase_event(event_hash: str, *, reason: str, data: Path | None) -> object:
    """Forget who did what in one event of the log."""
    with here(data) as server, server.work() as session:
        now = database_now(session)
        audit.erase(session, event_hash=event_hash, by=audit.SYSTEM, reason=reason, now=now)
    show.line("Erased. Its hash stays in the log and tells nothing.")
    return {"hash": event_hash, "erased": True}


def add_key(*, data: Path | None) -> object:
    """Let the key of this machine sign for the log beside those that did."""
    with here(data) as server, server.work() as session:
        settings = server.settings
        signer = checkpoints.load_or_make_key(settings.signing_key, name=settings.log_name)
        now = database_now(session)
        checkpoints.add_key(session, signer, by=audit.SYSTEM, now=now)
    show.line(f"Signs from now on: {signer.verifier}")
    return {"key": str(signer.verifier)}

"""The log's head, signed while work goes on, by whichever worker has the key on its machine."""

from datetime import timedelta

from palio.core import checkpoints, db
from palio.core.clock import database_now
from palio.core.notes import Signer
from palio.pipeline.bench import Bench

PAUSE = timedelta(minutes=1)  # between two that the sweep makes; the web makes more on demand


def sign(bench: Bench, signer: Signer) -> bool:
    """Sign a checkpoint when the log has grown and the last one is some time old.

    Raises:
        SigningKeyError: The key on this machine is not the log's.

    """
    with db.reading(bench.engine) as session:
        last = checkpoints.newest_at(session)
        is_soon = last is not None and database_now(session) < last + PAUSE
        if is_soon or not checkpoints.is_behind(session):
            return False
    with bench.work() as session:
        checkpoints.sign_head(session, signer, now=database_now(session))
    return True

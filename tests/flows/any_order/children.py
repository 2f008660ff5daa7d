"""Deeds done by real processes of their own: killed at any write, or many of them at once."""

import os
import signal
import traceback
from collections.abc import Callable
from itertools import count
from typing import Any

from sqlalchemy import event
from tests.factories.arena import make_arena
from tests.factories.set_clock import clock_set_by_test
from tests.flows.any_order import promises
from tests.flows.any_order.look import Memory
from tests.flows.any_order.site import Site

from palio.core import db
from palio.core.errors import AppError

Deed = Callable[[Site], object]
REFUSED = 3
_WRITES = ("INSERT", "UPDATE", "DELETE")


def start(site: Site, deed: Deed, *, die_at: int = 0) -> int:
    """Begin a deed in a child with connections of its own, and return its process id.

    Args:
        site: Where; nothing of it may be in use.
        deed: What to do; the child ends with 0, or with `REFUSED` where the rules refuse it.
        die_at: The child kills itself before its n-th write or commit; 0 = never.

    """
    site.engine.dispose()  # no connection is open when a process is forked
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        engine = db.open_engine(site.engine.url.render_as_string(hide_password=False))
        with clock_set_by_test(engine, now=site.now) as clock:
            own = Site(make_arena(engine, site.arena.folder), clock, site.host, site.teams)
            own.arena.challenge_id = site.challenge_id
            _kill_at(own, die_at)
            deed(own)
            code = 0
    except AppError:
        code = REFUSED
    except BaseException:  # noqa: BLE001 (the parent sees the code, people the words)
        traceback.print_exc()
    finally:
        os._exit(code)


def _kill_at(site: Site, die_at: int) -> None:
    hits = count(1)

    def hit() -> None:
        if next(hits) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(site.engine, "before_cursor_execute")
    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(None, 1)[0] in _WRITES:
            hit()

    @event.listens_for(site.engine, "commit")
    def commit(_connection: Any) -> None:
        hit()


def is_killed(child: int) -> bool:
    """Wait for a child; tell whether it was killed."""
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def do_at_last(site: Site, memory: Memory, deed: Deed, *, stride: int = 1) -> int:
    """Do a deed in children killed before every n-th write, until one gets through.

    After each death everything is as it was, or a whole transaction of the deed has gone through
    and every promise is kept; from there it is killed at every write again. Returns how many
    transactions went through in children that were killed.
    """
    steps, place, before = 0, 1, promises.everything(site)
    while is_killed(start(site, deed, die_at=place)):
        after = promises.everything(site)
        if after == before:
            place += stride
        else:
            promises.check(site, memory)
            steps, place, before = steps + 1, 1, after
    promises.check(site, memory)
    return steps


def do_again(site: Site, deed: Deed) -> None:
    """Do a deed again whose answer was lost in a kill after the commit: it changes nothing."""
    before = promises.everything(site)
    status = os.waitpid(start(site, deed), 0)[1]
    assert os.waitstatus_to_exitcode(status) in (0, REFUSED)
    assert promises.everything(site) == before

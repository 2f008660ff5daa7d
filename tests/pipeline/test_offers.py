from dataclasses import replace

import pytest
from sqlmodel import Session
from tests.factories.arena import Arena
from tests.factories.models import ABLE, Models, send

from palio.accounts.contracts import Team
from palio.core import db
from palio.core.clock import database_now
from palio.pipeline import queries, sweep
from palio.pipeline.queries import NotOfferedError
from palio.sandbox.outcome import Level


@pytest.fixture
def arena(model_arena: Arena) -> Arena:
    return model_arena


def refused(arena: Arena, team: Team) -> str:
    with pytest.raises(NotOfferedError) as caught:
        send(arena, team)
    assert arena.quota(team).used_total == 0
    return caught.value.detail


def test_programs_are_refused_with_words_where_nobody_can_run_them(
    arena: Arena, team: Team
) -> None:
    after = "Nothing was charged; prediction files work."
    assert refused(arena, team) == (
        f"Code cannot be taken now: no worker that runs programs is up at this moment. {after}"
    )
    models = Models(arena)
    models.announce(replace(ABLE, code=Level.NONE))
    assert refused(arena, team) == (
        f"Code cannot be taken now: this server has no box that is strong enough for it. {after}"
    )
    models.announce(replace(ABLE, memory_bytes=2**20))
    assert refused(arena, team) == (
        "Code cannot be taken now: no machine of this server has the memory this challenge"
        f" allows. {after}"
    )
    models.announce()
    assert send(arena, team).is_new


def test_offers_say_what_can_be_taken(arena: Arena, models: Models) -> None:
    def offered(session: Session) -> dict[str, bool]:
        now = database_now(session)
        found = queries.offers(session, plan=arena.challenge.plan, now=now)
        return {offer.delivery: offer.is_offered for offer in found}

    with db.reading(arena.engine) as session:
        assert offered(session) == {"predictions": True, "code": True, "image": True}
    sweep.say_gone(models.bench)
    with db.reading(arena.engine) as session:
        assert offered(session) == {"predictions": True, "code": False, "image": False}

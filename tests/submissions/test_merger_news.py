"""Who is told what when teams merge."""

from tests.factories import submissions as make
from tests.factories.mergers import merge, pair, propose
from tests.factories.submissions import Work

from palio.accounts import mergers as proposals
from palio.accounts import messages
from palio.accounts.contracts import MergerState


def test_third_teams_are_told_that_a_proposal_is_void(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        eve = make.team(session, of=challenge, handle="eve")
        waits = propose(session, challenge, eve, ada)
        merge(session, challenge, ada, bob)
        assert proposals.merger(session, waits.id).state is MergerState.VOID
        for person_id in (eve.captain_id, bob.captain_id):
            page = messages.messages(session, person_id=person_id)
            (text,) = [m.text for m in page.items if m.kind == "merger.void"]
            assert "eve and ada merge in" in text
            assert "is void" in text

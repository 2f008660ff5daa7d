"""Progress prizes that are judged again: by the bar of their own date."""

from datetime import UTC, datetime

from tests.factories.submissions import Work
from tests.prizes.test_progress import DATES, confirm, enter, judged, two_for_2007

from palio.prizes import queries, workflow


def test_a_prize_taken_back_late_is_judged_by_the_bar_of_its_own_date(work: Work) -> None:
    challenge = two_for_2007(work)
    confirm(work, challenge, now=DATES[0])
    with work() as session:
        at = datetime(2008, 9, 1, tzinfo=UTC)
        enter(session, challenge, "three", public="0.8500", private="0.8500", at=at)
    judged(work, challenge, now=DATES[1])
    confirm(work, challenge, now=DATES[1])
    with work() as session:
        first = queries.awards(session, challenge_id=challenge.id)[0]
        workflow.claw_back(session, award_id=first.id, words="Bought.", by="h", now=DATES[1])
    assert judged(work, challenge, now=DATES[1]) == [
        ("Progress Prize 2007", "one", "clawed_back"),
        ("Progress Prize 2007", "two", "provisional"),
        ("Progress Prize 2008", "three", "confirmed"),
    ]

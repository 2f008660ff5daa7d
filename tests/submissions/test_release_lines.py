"""What a challenge with a release rule lets out: one line for each score, nothing exact."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once

from palio.accounts.contracts import Team
from palio.challenges.board_contracts import BoardPlan, Release, ReleaseRule
from palio.challenges.contracts import Challenge, Quota
from palio.challenges.models import ChallengeRow
from palio.core.clock import database_now
from palio.core.storage import Blob
from palio.datasets import service as datasets
from palio.scoring.card import Score, ScoreCard, Trace
from palio.submissions import private, queries, release_lines, score_rows, service
from palio.submissions.contracts import Receipt
from palio.submissions.models import Submission
from palio.submissions.release_models import ReleaseLine
from palio.submissions.version_contracts import FIRST, VersionPair

LADDER = ReleaseRule(Release.LADDER, Decimal("0.02"))
SECOND = VersionPair(key_version=1, metric_version=2)


def launched(session: Session, rule: ReleaseRule, **changes: object) -> Challenge:
    return make.challenge(
        session, quota=Quota(50, 100, "UTC"), board=BoardPlan(release=rule), **changes
    )


def scored(session: Session, by: Team, to: Challenge, scores: Sequence[str]) -> tuple[Receipt, ...]:
    receipts: list[Receipt] = []
    for score in scores:
        key = f"{by.name}-{score}-{len(receipts)}"
        receipts.append(make.submit(session, to=to, by=by, key=key, content=key))
        make.score(session, receipts[-1], public=score, private=score)
    return tuple(receipts)


def shown(session: Session, receipts: Sequence[Receipt]) -> list[str]:
    found = [queries.submission(session, receipt.submission_id) for receipt in receipts]
    return [" ".join(str(score.rounded) for score in each.public_scores) for each in found]


def lines(session: Session) -> list[tuple[int, str, str | None]]:
    rows = session.exec(select(ReleaseLine).order_by(col(ReleaseLine.ordinal)))
    return [(row.ordinal, row.shown, row.held_by) for row in rows]


def test_ladder_shows_steps_everywhere_and_the_exact_score_nowhere(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        team = make.team(session, of=challenge)
        receipts = scored(session, team, challenge, ["0.4987", "0.4850", "0.4701"])
    with work() as session:
        assert shown(session, receipts) == ["0.50", "0.50", "0.48"]
        entries = queries.scored_entries(session, challenge_id=challenge.id)
        assert [entry.public for entry in entries] == [Decimal(x) for x in ("0.50", "0.50", "0.48")]
        assert [entry.all_rounded for entry in entries] == [
            (("rmse", entry.public),) for entry in entries
        ]
        first, _, third = (receipt.submission_id for receipt in receipts)
        assert lines(session) == [(1, "0.50", first), (2, "0.50", first), (3, "0.48", third)]
        found = queries.submission(session, third)
    assert found.release_words.startswith("Shown is your team's best score so far, in steps of")
    for secret in ("4987", "4850", "4701"):
        assert secret not in repr((found, entries))


def test_team_has_a_ladder_of_its_own(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        ada = make.team(session, of=challenge)
        bob = make.team(session, of=challenge, handle="bob")
        of_ada = scored(session, ada, challenge, ["0.40"])
        of_bob = scored(session, bob, challenge, ["0.50", "0.45"])
    with work() as session:
        assert shown(session, (*of_ada, *of_bob)) == ["0.40", "0.50", "0.44"]


def test_baseline_is_told_as_it_is_but_not_where_scores_are_hidden(work: Work) -> None:
    for rule, expected in ((LADDER, ["0.4987"]), (ReleaseRule(Release.HIDDEN), [""])):
        with work() as session:
            challenge = launched(session, rule, slug=rule.kind.value)
            team = make.team(session, of=challenge, handle=f"host-{rule.kind}")
            receipt = make.baseline(session, to=challenge, by=team, label="constant")
            make.score(session, receipt, public="0.4987", private="0.4987")
        with work() as session:
            assert shown(session, [receipt]) == expected


def test_other_metrics_are_not_told_under_a_ladder(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        both = (Score("rmse", 0.4987, Decimal("0.4987")), Score("mae", 0.3, Decimal("0.3000")))
        record(session, receipt, ScoreCard(both, both))
    with work() as session:
        found = queries.submission(session, receipt.submission_id)
        (entry,) = queries.scored_entries(session, challenge_id=challenge.id)
    assert [score.metric for score in found.public_scores] == ["rmse"]
    assert entry.all_rounded == (("rmse", Decimal("0.50")),)


def test_hidden_scores_are_told_at_the_reveal(work: Work) -> None:
    with work() as session:
        challenge = launched(session, ReleaseRule(Release.HIDDEN))
        team = make.team(session, of=challenge)
        receipts = scored(session, team, challenge, ["0.4987", "0.4850"])
    with work() as session:
        assert shown(session, receipts) == ["", ""]
        assert queries.scored_entries(session, challenge_id=challenge.id) == ()
        found = queries.submission(session, receipts[0].submission_id)
        assert found.release_words == "Public scores are shown at the reveal."
        # The reveal itself ranks everything, by exact choices.
        hidden = private.private_scored_entries(session, challenge_id=challenge.id)
        assert [entry.public for entry in hidden] == [Decimal("0.4987"), Decimal("0.4850")]
        reveal(session, challenge)
    with work() as session:
        assert shown(session, receipts) == ["0.4987", "0.4850"]
        assert len(queries.scored_entries(session, challenge_id=challenge.id)) == 2


def test_daily_scores_are_told_when_the_day_ends(work: Work) -> None:
    with work() as session:
        challenge = launched(session, ReleaseRule(Release.DAILY))
        team = make.team(session, of=challenge)
        receipts = scored(session, team, challenge, ["0.4987"])
    with work() as session:
        now = database_now(session)
        line = session.exec(select(ReleaseLine)).one()
        assert line.visible_at is not None
        assert now < line.visible_at <= now + timedelta(days=1)
        assert (line.visible_at.hour, line.visible_at.minute) == (0, 0)
        assert shown(session, receipts) == [""]
        assert release_lines.next_told_at(session, challenge_id=challenge.id, after=now) == (
            line.visible_at
        )
        line.visible_at = now  # the day is over
        session.add(line)
    with work() as session:
        assert shown(session, receipts) == ["0.4987"]
        assert release_lines.last_told_at(session, challenge_id=challenge.id, now=now) == now
        assert queries.submission(session, receipts[0].submission_id).release_words == ""


def test_score_without_its_line_stays_untold(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        team = make.team(session, of=challenge)
        receipts = scored(session, team, challenge, ["0.4987"])
        session.delete(session.exec(select(ReleaseLine)).one())
    with work() as session:
        assert shown(session, receipts) == [""]
        assert queries.scored_entries(session, challenge_id=challenge.id) == ()


def test_rounded_scores_need_no_lines(work: Work) -> None:
    with work() as session:
        challenge = launched(session, ReleaseRule())
        team = make.team(session, of=challenge)
        receipts = scored(session, team, challenge, ["0.4987"])
    with work() as session:
        assert shown(session, receipts) == ["0.4987"]
        assert lines(session) == []


def test_scores_that_come_at_once_are_told_one_after_the_other(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        team = make.team(session, of=challenge)
        receipts = [
            make.submit(session, to=challenge, by=team, key=f"k{number}", content=f"{number}")
            for number in range(8)
        ]

    def score(number: int) -> None:
        with work() as session:
            make.score(session, receipts[number], public=f"0.{50 - 3 * number}", private="0.5")

    at_once(8, score)
    with work() as session:
        found = lines(session)
    assert [ordinal for ordinal, _, _ in found] == list(range(1, 9))
    told = [Decimal(score) for _, score, _ in found]
    assert told == sorted(told, reverse=True)
    assert told[-1] in (Decimal("0.28"), Decimal("0.30"))


def test_merged_team_goes_on_from_the_better_of_both(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        ada = make.team(session, of=challenge)
        bob = make.team(session, of=challenge, handle="bob")
        scored(session, ada, challenge, ["0.40"])
        scored(session, bob, challenge, ["0.30"])
        session.execute(update(Submission).values(team_id=ada.id))
    with work() as session:
        (receipt,) = scored(session, ada, challenge, ["0.35"])
    with work() as session:
        assert shown(session, [receipt]) == ["0.30"]


FREE = ReleaseRule(Release.FREE_LADDER)
TRUTH = np.array([1, 0, 1, 1, 1, 0])


def test_free_ladder_of_the_readme_through_the_services(work: Work) -> None:
    """A1: 000000, 100000, 101000 against 101110 show .6667, .6667, .3333."""
    with work() as session:
        challenge = launched(session, FREE)
        add_key(session, challenge, public_rows=6)
        team = make.team(session, of=challenge)
        receipts = []
        for text in ("000000", "100000", "101000"):
            receipts.append(make.submit(session, to=challenge, by=team, key=text, content=text))
            record(session, receipts[-1], readme_card(text))
    with work() as session:
        roots = [f"{np.sqrt(part):.4f}" for part in (4 / 6, 4 / 6, 2 / 6)]
        assert shown(session, receipts) == roots


@pytest.mark.parametrize("kind", [kind for kind in Release if kind is not Release.ROUNDED])
def test_no_read_of_a_participant_tells_what_is_held_back(work: Work, kind: Release) -> None:
    rule = ReleaseRule(kind, Decimal("0.02") if kind is Release.LADDER else None)
    with work() as session:
        challenge = launched(session, rule)
        add_key(session, challenge, public_rows=6)
        team = make.team(session, of=challenge)
        receipts = []
        for number, score in enumerate((0.512345, 0.511234)):
            receipt = make.submit(session, to=challenge, by=team, key=str(number))
            scores = (Score("rmse", score, Decimal(f"{score:.4f}")),)
            losses = np.full(6, score**2, dtype=np.float32)
            losses[0] += number
            record(session, receipt, ScoreCard(scores, scores, trace_of(losses)))
            receipts.append(receipt)
    with work() as session:
        seen = repr(
            (
                queries.submission(session, receipts[1].submission_id),
                queries.of_team(session, challenge_id=challenge.id, team_id=team.id),
                queries.of_challenge(session, challenge_id=challenge.id),
                queries.scored_entries(session, challenge_id=challenge.id),
            )
        )
    assert "511234" not in seen
    assert "0.5112" not in seen


def record(session: Session, receipt: Receipt, card: ScoreCard) -> None:
    now = database_now(session)
    service.start(session, submission_id=receipt.submission_id, now=now)
    assert service.record_scores(
        session,
        submission_id=receipt.submission_id,
        card=card,
        key_version=FIRST.key_version,
        metric_version=FIRST.metric_version,
        now=now,
    )


def readme_card(text: str) -> ScoreCard:
    """Scores in RMSE, so that the step is seen to run on squared errors; the root is shown."""
    losses = (np.array(list(text), dtype=int) != TRUTH).astype(np.float32)
    root = float(np.sqrt(losses.mean(dtype=float)))
    scores = (Score("rmse", root, Decimal(f"{root:.4f}")),)
    return ScoreCard(scores, scores, trace_of(losses))


def trace_of(losses: np.ndarray) -> Trace:
    empty = np.zeros(0, dtype=np.float32)
    return Trace(losses, None, empty, empty, "")


def add_key(session: Session, challenge: Challenge, *, public_rows: int) -> None:
    datasets.add_answer_key(
        session,
        challenge_id=challenge.id,
        ids=Blob("a" * 64, 1),
        sealed=Blob("b" * 64, 1),
        rows=public_rows,
        public_rows=public_rows,
        private_rows=0,
        now=database_now(session),
    )


def add_scores(session: Session, receipt: Receipt, score: str, version: VersionPair) -> None:

    score_rows.add(
        session,
        submission_id=receipt.submission_id,
        card=make.card(score, score),
        key_version=version.key_version,
        metric_version=version.metric_version,
    )


def reveal(session: Session, challenge: Challenge) -> None:
    row = session.get_one(ChallengeRow, challenge.id)
    row.revealed_at = database_now(session)
    session.add(row)
    session.flush()

"""Telling the scores of another version: the same rule, the same order, once, in few reads."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from sqlmodel import col, select
from tests.factories import submissions as make
from tests.factories.submissions import Work
from tests.submissions.test_release_lines import (
    FREE,
    LADDER,
    SECOND,
    add_key,
    add_scores,
    launched,
    readme_card,
    record,
    scored,
)

from palio.core.clock import database_now
from palio.submissions import release_book, score_rows
from palio.submissions.contracts import SubmissionKind
from palio.submissions.models import Submission
from palio.submissions.release_models import ReleaseLine
from palio.submissions.version_contracts import FIRST


def test_another_version_is_told_anew_in_the_same_order_and_once(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        team = make.team(session, of=challenge)
        receipts = scored(session, team, challenge, ["0.4987", "0.4850", "0.4701"])
        for receipt, score in zip(receipts, ("0.60", "0.50", "0.49"), strict=True):
            add_scores(session, receipt, score, SECOND)
        now = database_now(session)
        for _ in range(2):
            release_book.replay(session, challenge=challenge, version=SECOND, now=now)
    with work() as session:
        rows = session.exec(
            select(ReleaseLine)
            .where(ReleaseLine.metric_version == 2)
            .order_by(col(ReleaseLine.ordinal))
        ).all()
    assert [(row.ordinal, row.shown) for row in rows] == [(1, "0.60"), (2, "0.50"), (3, "0.50")]


def test_replay_of_the_free_ladder_tells_what_scoring_one_by_one_told_in_few_reads(
    work: Work, engine: Engine
) -> None:
    readme = ("000000", "100000", "101000", "111000")
    with work() as session:
        challenge = launched(session, FREE)
        add_key(session, challenge, public_rows=6)
        receipts = []
        for handle in ("ada", "bob"):
            team = make.team(session, of=challenge, handle=handle)
            for text in readme:
                key = f"{handle}{text}"
                receipts.append(make.submit(session, to=challenge, by=team, key=key, content=key))
                record(session, receipts[-1], readme_card(text))
        for receipt, text in zip(receipts, readme * 2, strict=True):
            score_rows.add(
                session,
                submission_id=receipt.submission_id,
                card=readme_card(text),
                key_version=SECOND.key_version,
                metric_version=SECOND.metric_version,
            )
    with work() as session, counted(engine, "public_trace") as reads:
        now = database_now(session)
        release_book.replay(session, challenge=challenge, version=SECOND, now=now)
    assert len(reads) == 2  # one for each team
    with work() as session:
        told = {
            version: [
                (row.submission_id, row.ordinal, row.shown, row.held_by)
                for row in session.exec(
                    select(ReleaseLine)
                    .where(ReleaseLine.metric_version == version.metric_version)
                    .order_by(col(ReleaseLine.submission_id))
                )
            ]
            for version in (FIRST, SECOND)
        }
    assert len(told[FIRST]) == 8
    assert told[SECOND] == told[FIRST]


def test_code_that_is_run_again_moves_nothing_its_team_is_shown(work: Work) -> None:
    with work() as session:
        challenge = launched(session, LADDER)
        team = make.team(session, of=challenge)
        entry, rerun = scored(session, team, challenge, ["0.40", "0.50"])
        row = session.get_one(Submission, rerun.submission_id)
        row.kind = SubmissionKind.VERIFICATION.value
        session.add(row)
        for receipt, score in ((entry, "0.40"), (rerun, "0.10")):
            add_scores(session, receipt, score, SECOND)
        now = database_now(session)
        release_book.replay(session, challenge=challenge, version=SECOND, now=now)
        rows = session.exec(select(ReleaseLine).where(ReleaseLine.metric_version == 2)).all()
    assert [(row.submission_id, row.shown) for row in rows] == [(entry.submission_id, "0.40")]


@contextmanager
def counted(engine: Engine, table: str) -> Iterator[list[str]]:
    """Collect the statements that read a table."""
    found: list[str] = []

    def look(_: object, __: object, statement: str, *___: object) -> None:
        if f"FROM {table}" in statement:
            found.append(statement)

    event.listen(engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", look)

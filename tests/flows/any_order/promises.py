"""What is true after every deed; numbers I-… are the invariants of the isolation design, §3.4."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func
from sqlmodel import select
from tests.flows.any_order import files, on_boards, on_prizes
from tests.flows.any_order.look import Look, Memory, Row
from tests.flows.any_order.site import OPENS, Site

from palio.core import audit, log
from palio.pipeline import tables

ONLY_ADDED = (
    "audit_event",
    "award_gate",
    "award_step",
    "board_snapshot",
    "last_call",
    "ledger_posting",
    "ledger_transaction",
    "log_node",
    "prediction_trace",
    "private_salt",
    "private_score",
    "private_trace",
    "progress_judgement",
    "public_score",
    "public_trace",
    "quota_line",
    "schedule_change",
    "score_commitment",
    "score_switch",
    "shadow_result",
    "verified_entry",
)
OF_A_RECEIPT = ("id", "received_at", "sha256", "bytes", "person_id", "kind", "idempotency_key")
FREE = ("refused", "errored")


def check(site: Site, memory: Memory) -> None:
    """Look at every promise."""
    with site.reading() as session:
        look = Look(session, site, memory)
        for promise in (*PROMISES, *on_boards.PROMISES, *on_prizes.PROMISES):
            promise(look)


def count_events(site: Site) -> int:
    with site.reading() as session:
        return session.exec(select(func.count()).select_from(audit.AuditEvent)).one()


def everything(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with site.reading() as session:
        look = Look(session, site, Memory())
        names = [table.name for table in tables.metadata.sorted_tables]
        return {name: [tuple(row) for row in look.rows(name)] for name in names}


def what_is_written_down_never_changes(look: Look) -> None:
    """I-14, I-26, I-27: receipts, boards, scores, books, steps and the log are only added to."""
    found = {name: {_key(name, row): tuple(row) for row in look.rows(name)} for name in ONLY_ADDED}
    found["submission"] = {
        row.id: tuple(getattr(row, name) for name in OF_A_RECEIPT)
        for row in look.rows("submission")
    }
    found["job"] = {  # I-16: what has ended has ended
        row.id: (row.state, row.fence, row.ended_at)
        for row in look.rows("job")
        if row.score_version_id == "" and row.state in ("done", "failed")
    }
    for name, before in look.memory.rows.items():
        changed = [key for key, row in before.items() if found[name].get(key) != row]
        assert changed == [], name
    look.memory.rows = found


def _key(table: str, row: Row) -> tuple[Any, ...]:
    keys = tables.metadata.tables[table].primary_key.columns
    return tuple(getattr(row, key.name) for key in keys)


def a_key_makes_one_submission(look: Look) -> None:
    """I-10."""
    keys = Counter((row.sender_team_id or row.team_id, row.idempotency_key) for row in look.entries)
    assert set(keys.values()) <= {1}


def bytes_are_those_that_were_sent(look: Look) -> None:
    """I-11."""
    for sha256 in {row.sha256 for row in look.rows("submission")}:
        assert look.stored_hash(sha256) == sha256


def tries_stay_within_the_quota(look: Look) -> None:
    """I-12: in total, since a merger brings tries of one day together."""
    lines = look.rows("quota_line")
    days = (look.site.now - OPENS) // timedelta(days=1) + 2  # UTC days that have begun
    per_day = look.challenge.phases[0].quota.per_day
    assert per_day is not None
    late = {row.id for row in look.entries if row.kind == "late"}
    lineage = {row.id: row.merged_into_id or row.id for row in look.rows("team")}
    used: Counter[str] = Counter()
    for line in lines:
        if line.submission_id not in late:
            used[lineage[line.team_id]] += line.change
    assert all(number <= per_day * days for number in used.values())
    charged = [row.id for row in look.entries if row.state not in FREE]
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.submission_id] += line.change
    assert dict.fromkeys(charged, 1) == {id_: sum_ for id_, sum_ in sums.items() if sum_}


def receipts_stand_in_one_order(look: Look) -> None:
    """I-13, I-14: one after the other, and none outside of an open phase but late ones."""
    times = [row.received_at for row in look.entries]
    assert all(before < after for before, after in pairwise(times))
    for row in look.entries:
        assert row.received_at >= OPENS
        assert row.received_at <= look.site.now + timedelta(milliseconds=1)


def no_team_has_more_finals_than_it_may(look: Look) -> None:
    """I-15: and none that is withdrawn."""
    chosen = [row for row in look.entries if row.is_chosen]
    alive = [row for row in chosen if look.counts(row) or row.state in ("received", "running")]
    numbers = Counter(row.team_id for row in alive)
    assert all(number <= look.challenge.plan.finals for number in numbers.values())
    assert all(row.withdrawn_at is None for row in chosen)


def a_submission_has_one_score_of_each_version(look: Look) -> None:
    """I-17: under the versions in force every scored submission has both, and no other has."""
    scored = {row.id for row in look.rows("submission") if row.state == "scored"}
    for table in ("public_score", "private_score"):
        assert set(look.scores(table)) == scored


def equal_files_have_equal_scores(look: Look) -> None:
    """I-22: and at the launch's version those that they must have."""
    hashes = {row.id: row.sha256 for row in look.rows("submission")}
    found: dict[tuple[Any, ...], str] = {}
    for table in ("public_score", "private_score"):
        for row in look.rows(table):
            key = (table, hashes[row.submission_id], row.key_version, row.metric_version)
            assert found.setdefault(key, row.rounded) == row.rounded
    for name in files.GOOD:
        sha256 = files.sha256(name)
        for table, score in zip(
            ("public_score", "private_score"), files.expected(name, shift=0, digits=4), strict=True
        ):
            assert found.get((table, sha256, 1, 1), str(score)) == str(score)


def the_log_is_whole(look: Look) -> None:
    """I-30: every event has its leaf, and every earlier root is still the root of its length."""
    assert audit.first_broken_event(look.session) is None
    events = look.rows("audit_event")
    head = log.head(look.session)
    assert head.size == len(events)
    for size, root in look.memory.logs[-3:]:
        assert log.root(look.session, size=size) == root
    look.memory.logs.append((head.size, head.root))
    look.memory.events = len(events)


def everybody_is_in_one_team(look: Look) -> None:
    members = Counter(row.person_id for row in look.rows("team_member"))
    assert set(members.values()) == {1}
    gone = {row.id for row in look.rows("team") if row.merged_into_id}
    assert not gone & {row.team_id for row in look.rows("team_member")}
    assert not gone & {row.team_id for row in look.entries}


PROMISES: tuple[Callable[[Look], None], ...] = (
    what_is_written_down_never_changes,
    a_key_makes_one_submission,
    bytes_are_those_that_were_sent,
    tries_stay_within_the_quota,
    receipts_stand_in_one_order,
    no_team_has_more_finals_than_it_may,
    a_submission_has_one_score_of_each_version,
    equal_files_have_equal_scores,
    the_log_is_whole,
    everybody_is_in_one_team,
)

"""The commands about evidence and cases, against the fake server for words."""

import hashlib
import json
from pathlib import Path

from tests.cli.conftest import Palio, document
from tests.cli.fakes import Fake

EVIDENCE = {
    "kind": "close_predictions",
    "strength": "strong",
    "teams": [{"id": "t1", "name": "ada"}, {"id": "t2", "name": "bob"}],
    "words": ["They correlate.", "1 of the 21 pairs of teams here has as much or more."],
}
CASE = {
    "id": "c1",
    "challenge": "mini",
    "team": {"id": "t1", "name": "ada"},
    "state": "notified",
    "words": "The team may reply.",
    "due_at": "2026-12-08T12:00:00Z",
    "evidence": [EVIDENCE],
    "steps": [{"kind": "opened", "by": "host", "at": "2026-12-01T12:00:00Z", "words": "Why?"}],
}


def test_evidence_shows_each_finding_with_its_base_rate(signed_in: Palio, fake: Fake) -> None:
    scan = {"id": "s", "state": "done", "notes": ["7 entries of 7 teams were compared."]}
    findings = [{"id": "f1", "evidence": EVIDENCE, "dismissed": ""}]
    fake.answers["GET /api/v1/challenges/mini/evidence"] = [{"scan": scan, "findings": findings}]
    assert signed_in("case", "evidence", "mini").stdout.splitlines() == [
        "7 entries of 7 teams were compared.",
        "f1 close_predictions (strong): ada and bob",
        "  They correlate.",
        "  1 of the 21 pairs of teams here has as much or more.",
    ]


def test_evidence_while_a_scan_is_under_way_claims_nothing(signed_in: Palio, fake: Fake) -> None:
    scan = {"id": "s", "state": "asked", "notes": []}
    fake.answers["POST /api/v1/challenges/mini/evidence/scans"] = [scan]
    fake.answers["GET /api/v1/challenges/mini/evidence"] = [{"scan": scan, "findings": []}]
    assert signed_in("case", "evidence", "mini", "--scan").stdout.splitlines() == [
        "A scan is under way; ask again in a minute.",
    ]


def test_evidence_without_a_scan_that_ended_claims_nothing(signed_in: Palio, fake: Fake) -> None:
    failed = {"id": "s", "state": "failed", "notes": ["The scan failed."]}
    fake.answers["GET /api/v1/challenges/mini/evidence"] = [
        {"scan": None, "findings": []},
        {"scan": failed, "findings": []},
        {"scan": failed | {"state": "done", "notes": []}, "findings": []},
    ]
    said = [signed_in("case", "evidence", "mini").stdout for _ in range(3)]
    assert said == [
        "No scan yet: ask for one with --scan. One runs each night by itself.\n",
        "The scan failed.\n",
        "Nothing was found.\n",
    ]


def test_case_shows_evidence_steps_and_clock(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/cases/c1"] = [CASE]
    lines = signed_in("case", "show", "c1").stdout.splitlines()
    assert lines[:2] == [
        "Case c1 about ada: The team may reply.",
        "The clock runs out 2026-12-08 12:00 UTC.",
    ]
    assert lines[-2:] == ["2026-12-01 12:00 UTC opened by host", "  Why?"]
    assert document(signed_in("case", "show", "c1", "--json")) == CASE


def test_reply_sends_the_digest_of_a_file_and_not_the_file(
    signed_in: Palio, fake: Fake, tmp_path: Path
) -> None:
    file = tmp_path / "train.py"
    file.write_text("print()\n")
    fake.answers["POST /api/v1/cases/c1/reply"] = [CASE]
    done = signed_in("case", "reply", "c1", "--words", "We wrote it.", "--file", str(file))
    assert done.exit_code == 0, done.output
    assert json.loads(fake.requests[0].body) == {
        "words": "We wrote it.",
        "file_name": "train.py",
        "file_sha256": hashlib.sha256(b"print()\n").hexdigest(),
    }


def test_appeal_is_decided_by_name(signed_in: Palio, fake: Fake) -> None:
    fake.answers["POST /api/v1/cases/c1/appeal/decision"] = [CASE]
    done = signed_in("case", "decide-appeal", "c1", "--won", "--words", "It was public.")
    assert done.exit_code == 0, done.output
    assert json.loads(fake.requests[0].body) == {"is_won": True, "words": "It was public."}

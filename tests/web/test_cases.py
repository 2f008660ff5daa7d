"""One flow: a copied file with noise, finding, case, notice, reply, decision, appeal, lifted."""

import re
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from tests.web.site import Site, Visitor, stored
from tests.web.toy_pack import ROWS, TRUTH

from palio.pipeline import evidence_steps

TOY = "/api/v1/challenges/toy"
COPIED = {"decision": "disqualify", "reason": "copied", "words": "The files are the same work."}
NAMES = ("ada", "bob", "cleo", "dora", "emil", "fred")


def guess(seed: int) -> list[float]:
    noise = np.random.default_rng(seed).normal(0, 0.4, ROWS)
    return np.clip(np.array(TRUTH) + noise, 0, 6).tolist()


def csv(values: list[float]) -> bytes:
    lines = [f"{row + 1},{value:.6f}" for row, value in enumerate(values)]
    return "\n".join(["id,rating", *lines, ""]).encode()


class Desk:
    """A site with six honest teams and one that copied ada's file with a little noise."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.publish()
        for seed, name in enumerate(NAMES):
            self.submits(name, guess(seed))
        noise = np.random.default_rng(9).normal(0, 0.02, ROWS)
        self.submits("copycat", np.clip(np.array(guess(0)) + noise, 0, 6).tolist())
        self.host = site.people["hostess"]
        self.judge = site.make_judge("judy")
        self.admin = site.make_admin("warden")
        site.score_all()

    def submits(self, name: str, values: list[float]) -> None:
        assert self.site.person(name, accepts="toy").submit(csv(values)).status_code == 201

    def who(self, name: str) -> Visitor:
        return self.site.people[name]

    def scan(self) -> dict[str, Any]:
        assert self.host.post(f"{TOY}/evidence/scans").status_code == 202
        assert evidence_steps.scan_next(self.site.bench)
        (finding,) = self.host.get(f"{TOY}/evidence").json()["findings"]
        found: dict[str, Any] = finding
        return found

    def open(self) -> str:
        order = {"team": "copycat", "findings": [self.scan()["id"]], "words": "Please explain."}
        made = self.host.post(f"{TOY}/cases", json=order)
        assert made.status_code == 201, made.text
        path: str = f"/api/v1/cases/{made.json()['id']}"
        return path

    def notified(self) -> str:
        path = self.open()
        assert self.host.post(f"{path}/notice").status_code == 200
        return path

    def decided(self) -> str:
        path = self.notified()
        reply = {"words": "We wrote it ourselves.", "file_name": "a.py", "file_sha256": "A" * 64}
        assert self.who("copycat").post(f"{path}/reply", json=reply).status_code == 200
        assert self.host.post(f"{path}/decision", json=COPIED).status_code == 200
        return path

    def ranked(self) -> list[str]:
        self.site.score_all()
        rows = self.host.get(f"{TOY}/leaderboard").json()["items"]
        return sorted(row["team"] for row in rows if row["rank"])

    def let_clocks_pass(self, days: int) -> None:
        """Move every clock of a case back, and let the sweep see it."""
        with self.site.state.engine.begin() as connection:
            due = connection.execute(text("SELECT id, due_at FROM evidence_case")).all()
        for case_id, _ in due:
            self.site.sql(
                "UPDATE evidence_case SET due_at = :at WHERE id = :id AND due_at IS NOT NULL",
                at=stored(self.site.now() - timedelta(days=days), self.site.settings.database),
                id=case_id,
            )
        evidence_steps.move_case_clocks(self.site.bench)


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def check_finding(finding: dict[str, Any]) -> None:
    evidence = finding["evidence"]
    assert (evidence["kind"], evidence["strength"]) == ("close_predictions", "strong")
    assert sorted(team["name"] for team in evidence["teams"]) == ["ada", "copycat"]
    assert (evidence["as_high"], evidence["of"]) == (1, 21)
    assert evidence["words"][-1].startswith("1 of the 21 pairs of teams here has as much or more")
    assert re.search(r"On the whole files \(40 rows\): .* partial one 0\.9", evidence["words"][1])


def check_seen_by_accused(accused: Visitor, path: str) -> None:
    seen = accused.get(path).json()
    assert re.search(r"\bada\b", accused.get(path).text) is None  # ids may hold the letters
    names = {team["name"] for team in seen["evidence"][0]["teams"]}
    assert names == {"copycat", "another team"}
    assert len(seen["evidence"][0]["submissions"]) == 1
    assert [step["handle"] for step in seen["steps"]] == ["", ""]
    texts = [item["text"] for item in accused.get("/api/v1/messages").json()["items"]]
    assert [one for one in texts if f"/challenges/toy/cases/{seen['id']}" in one]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_copied_file_goes_from_finding_to_lifted_disqualification(desk: Desk) -> None:
    finding = desk.scan()
    check_finding(finding)
    order = {"team": "copycat", "findings": [finding["id"]], "words": "Please explain."}
    path = f"/api/v1/cases/{desk.host.post(f'{TOY}/cases', json=order).json()['id']}"
    accused = desk.who("copycat")
    assert accused.get(path).status_code == 404  # not told yet
    assert accused.get(f"{TOY}/cases").json() == {"items": []}
    assert desk.host.post(f"{path}/notice").json()["state"] == "notified"
    check_seen_by_accused(accused, path)
    early = desk.host.post(f"{path}/decision", json=COPIED)
    assert (early.status_code, early.json()["code"]) == (409, "case_move")
    reply = {"words": "We wrote it ourselves.", "file_name": "a.py", "file_sha256": "a" * 64}
    assert accused.post(f"{path}/reply", json=reply).json()["state"] == "replied"
    assert desk.ranked() == sorted((*NAMES, "copycat"))

    assert desk.host.post(f"{path}/decision", json=COPIED).json()["state"] == "decided"
    assert desk.ranked() == sorted(NAMES)
    assert accused.post(f"{path}/appeal", json={"words": "No."}).json()["state"] == "appealed"
    verdict = {"is_won": True, "words": "The notebook was public."}
    same = desk.host.post(f"{path}/appeal/decision", json=verdict)
    assert (same.status_code, same.json()["code"]) == (403, "same_judge")
    done = desk.judge.post(f"{path}/appeal/decision", json=verdict).json()
    assert (done["state"], done["outcome"], done["due_at"]) == ("closed", "overturned", None)
    assert desk.ranked() == sorted((*NAMES, "copycat"))
    kinds = [step["kind"] for step in accused.get(path).json()["steps"]]
    assert kinds == ["opened", "notified", "replied", "decided", "appealed", "appeal_decided"]


def test_every_role_gets_what_is_its_own_of_a_case(desk: Desk) -> None:
    path = desk.notified()
    roles = {
        "spectator": desk.site.spectator(),
        "accused": desk.who("copycat"),
        "other": desk.who("ada"),
        "host": desk.host,
        "judge": desk.judge,
        "admin": desk.admin,
    }
    asked = {
        "case": ("GET", path, None),
        "page": ("GET", path.replace("/api/v1", "/challenges/toy"), None),
        "desk": ("GET", f"{TOY}/evidence", None),
        "cases": ("GET", f"{TOY}/cases", None),
        "scan": ("POST", f"{TOY}/evidence/scans", None),
        "notice": ("POST", f"{path}/notice", None),
        "decision": ("POST", f"{path}/decision", COPIED),
        "appeal decision": ("POST", f"{path}/appeal/decision", {"is_won": True, "words": "x"}),
        "appeal": ("POST", f"{path}/appeal", {"words": "x"}),
    }
    found = {
        name: [who.call(method, where, json=body).status_code for who in roles.values()]
        for name, (method, where, body) in asked.items()
    }
    # spectator, accused, other team, host, judge, admin; 409 = allowed, and not now
    assert found == {
        "case": [401, 200, 404, 200, 200, 200],
        "page": [200, 200, 404, 200, 200, 200],  # a spectator is sent to the log-in
        "desk": [401, 403, 403, 200, 200, 200],
        "cases": [401, 200, 200, 200, 200, 200],
        "scan": [401, 403, 403, 202, 409, 403],
        "notice": [401, 403, 404, 409, 409, 403],
        "decision": [401, 403, 404, 409, 409, 403],
        "appeal decision": [401, 403, 404, 409, 409, 409],
        "appeal": [401, 409, 404, 404, 404, 404],
    }


def test_silence_of_those_who_judge_is_never_to_the_teams_harm(desk: Desk) -> None:
    path = desk.decided()
    assert desk.who("copycat").post(f"{path}/appeal", json={"words": "No."}).status_code == 200
    assert "copycat" not in desk.ranked()
    desk.let_clocks_pass(days=1)
    assert desk.host.get(path).json()["outcome"] == "overturned"
    assert "copycat" in desk.ranked()


def test_clocks_run_out_one_after_the_other_and_tell_both_sides(desk: Desk) -> None:
    path = desk.notified()
    desk.let_clocks_pass(days=1)
    assert desk.host.get(path).json()["state"] == "unanswered"
    desk.let_clocks_pass(days=1)
    assert desk.host.get(path).json()["outcome"] == "not_decided"
    for name in ("hostess", "copycat"):
        texts = [item["text"] for item in desk.who(name).get("/api/v1/messages").json()["items"]]
        assert sum("clock of the case has run out" in one for one in texts) == 2, name


def test_decision_stands_when_no_appeal_comes(desk: Desk) -> None:
    path = desk.decided()
    desk.let_clocks_pass(days=1)
    assert desk.host.get(path).json()["outcome"] == "stands"
    assert "copycat" not in desk.ranked()


def test_step_after_its_clock_is_refused_before_the_sweep_has_seen_it_too(desk: Desk) -> None:
    path = desk.decided()
    past = stored(desk.site.now() - timedelta(seconds=1), desk.site.settings.database)
    desk.site.sql("UPDATE evidence_case SET due_at = :at", at=past)
    late = desk.who("copycat").post(f"{path}/appeal", json={"words": "No."})
    assert (late.status_code, late.json()["code"]) == (409, "case_late")
    assert "The time for this ended" in late.json()["detail"]
    assert 'value="appeal"' not in desk.who("copycat").get(path.replace("/api/v1", TOY[7:])).text
    evidence_steps.move_case_clocks(desk.site.bench)
    assert desk.host.get(path).json()["outcome"] == "stands"


def test_reply_is_taken_until_the_case_is_decided(desk: Desk) -> None:
    path = desk.notified()
    past = stored(desk.site.now() - timedelta(seconds=1), desk.site.settings.database)
    desk.site.sql("UPDATE evidence_case SET due_at = :at", at=past)
    late = desk.who("copycat").post(f"{path}/reply", json={"words": "No."})
    assert (late.status_code, late.json()["state"]) == (200, "replied")


def test_reminder_comes_once_to_those_whose_turn_it_is(desk: Desk) -> None:
    path = desk.notified()
    soon = stored(desk.site.now() + timedelta(days=1), desk.site.settings.database)
    desk.site.sql("UPDATE evidence_case SET due_at = :at", at=soon)
    for _ in range(2):
        evidence_steps.move_case_clocks(desk.site.bench)
    texts = [item["text"] for item in desk.who("copycat").get("/api/v1/messages").json()["items"]]
    assert sum("The time ends" in one for one in texts) == 1
    assert desk.host.get(path).json()["state"] == "notified"


def test_pages_show_the_same_to_each_side(desk: Desk) -> None:
    empty = desk.host.get("/challenges/toy/evidence").text
    assert ("No scan yet" in empty, "Nothing was found" in empty) == (True, False)
    desk.scan()
    shown = desk.host.get("/challenges/toy/evidence").text
    assert "Close predictions" in shown
    assert "1 of the 21 pairs of teams here" in shown
    path = desk.notified().replace("/api/v1", "/challenges/toy")
    host, team = desk.host.get(path).text, desk.who("copycat").get(path).text
    assert ("<strong>ada</strong>" in host, "<strong>ada</strong>" in team) == (True, False)
    assert ('value="reply"' in host, 'value="reply"' in team) == (False, True)
    assert "another team" in team
    listed = desk.who("copycat").get("/challenges/toy/cases").text
    assert path in listed


def test_dismissed_finding_stays_with_its_reason(desk: Desk) -> None:
    finding = desk.scan()
    path = f"{TOY}/evidence/findings/{finding['id']}/dismissal"
    done = desk.host.post(path, json={"words": "Two accounts of one school."})
    assert (done.status_code, done.json()["dismissed"]) == (200, "Two accounts of one school.")
    assert desk.scan()["dismissed"] == "Two accounts of one school."


def test_second_case_on_the_same_finding_waits_for_the_first(desk: Desk) -> None:
    path = desk.open()
    (finding,) = desk.host.get(f"{TOY}/evidence").json()["findings"]
    assert finding["cases"] == [path.rpartition("/")[2]]
    order = {"team": "copycat", "findings": [finding["id"]], "words": "Again."}
    again = desk.host.post(f"{TOY}/cases", json=order)
    assert (again.status_code, again.json()["code"]) == (409, "case_open")
    elsewhere = desk.host.post(f"{TOY}/cases", json=order | {"team": "bob"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (400, "bad_case")
    assert desk.host.post(f"{path}/withdrawal", json={"words": "Nothing."}).status_code == 200
    assert desk.host.post(f"{TOY}/cases", json=order).status_code == 201


def test_entry_in_question_alone_can_be_disqualified(desk: Desk) -> None:
    path = desk.notified()
    desk.who("copycat").submit(csv(guess(70)))
    reply = {"words": "We wrote it ourselves."}
    assert desk.who("copycat").post(f"{path}/reply", json=reply).status_code == 200
    order = COPIED | {"decision": "exclude_entry"}
    assert desk.host.post(f"{path}/decision", json=order).status_code == 200
    assert "copycat" in desk.ranked()  # by its other entry
    (made,) = desk.host.get(f"{TOY}/exclusions").json()["items"]
    page = desk.who("copycat").get(path.replace("/api/v1", "/challenges/toy")).text
    assert f'in question: <a href="/challenges/toy/submissions/{made["submission_id"]}"' in page
    assert made["submission_id"] in desk.host.get(path).json()["evidence"][0]["submissions"]


def test_decision_without_a_reason_is_refused_and_changes_nothing(desk: Desk) -> None:
    path = desk.notified()
    assert desk.who("copycat").post(f"{path}/reply", json={"words": "No."}).status_code == 200
    answer = desk.host.post(f"{path}/decision", json=COPIED | {"reason": None})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_case_words")
    cleared = {"decision": "no_breach", "words": "A public notebook explains it."}
    done = desk.judge.post(f"{path}/decision", json=cleared).json()
    assert (done["state"], done["outcome"]) == ("closed", "cleared")
    assert "copycat" in desk.ranked()

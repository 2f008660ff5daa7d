"""What is told of a model's runs, to its team, to other teams, to organizers, on pages and API."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from tests.web.site import Site, Visitor, code_zip
from tests.web.test_pages import Browser
from tests.web.toy_pack import IMAGE, predictions

from palio.core.clock import database_now
from palio.core.errors import Finding
from palio.pipeline import alarms
from palio.pipeline.contracts import AlarmKind
from palio.sandbox.outcome import Box, Killer, Outcome
from palio.sandbox.spec import RunReport
from palio.submissions import runs, service
from palio.submissions.contracts import RunRef

CANARY = "hidden-row-4711"


def report(
    outcome: Outcome = Outcome.FINISHED, *, exit_code: int | None = 0, seconds: float = 1.25
) -> RunReport:
    return RunReport(
        outcome=outcome,
        exit_code=exit_code,
        killed_by=Killer.NOBODY,
        wall_seconds=seconds,
        cpu_seconds=1.0,
        peak_memory_bytes=100 * 2**20 + 1,
        log=b"",
        is_log_cut=True,
        collected=(),
        reason="output:symlink" if outcome is Outcome.INVALID_OUTPUT else "",
    )


@dataclass
class Model:
    """A submitted program, and the worker's notes of its runs, made by hand."""

    site: Site
    team: Visitor
    id: str

    def run(self, box: Box, result: RunReport | None, *, log: str = "", attempt: int = 1) -> None:
        with self.site.work() as session:
            now = database_now(session)
            service.start(session, submission_id=self.id, now=now)
            run = RunRef(self.id, box, attempt)
            runs.begin(session, run=run, image_id="", now=now)
            if result is not None:
                runs.end(session, run=run, report=result, log=log, now=now)

    def refuse(self, text: str) -> None:
        with self.site.work() as session:
            finding = Finding(code="run:program_error", text=text, hint="Look at the log.")
            now = database_now(session)
            service.refuse(session, submission_id=self.id, findings=(finding,), now=now)

    def view(self) -> dict[str, Any]:
        answer = self.team.get(f"/api/v1/submissions/{self.id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stages(self) -> list[tuple[str, str]]:
        return [(each["name"], each["state"]) for each in self.view()["stages"]]


@pytest.fixture
def model(open_site: Site) -> Model:
    open_site.take_models()
    open_site.worker_for_models()
    ada = open_site.person("ada", accepts="toy")
    receipt = ada.submit(code_zip(), delivery="code").json()
    return Model(open_site, ada, receipt["submission_id"])


def test_stages_follow_a_program_from_receipt_to_the_hidden_run(model: Model) -> None:
    names = ["received", "intake", "smoke", "hidden", "scoring"]
    seen = [[state for _, state in model.stages()]]
    model.run(Box.SMOKE, None)
    seen.append([state for _, state in model.stages()])
    model.run(Box.SMOKE, report(), attempt=2)
    seen.append([state for _, state in model.stages()])
    model.run(Box.MODEL, report(), attempt=2)
    seen.append([state for _, state in model.stages()])
    assert [name for name, _ in model.stages()] == names
    assert seen == [
        ["done", "waiting", "waiting", "waiting", "waiting"],
        ["done", "done", "running", "waiting", "waiting"],
        ["done", "done", "done", "running", "waiting"],
        ["done", "done", "done", "done", "running"],
    ]


def test_a_failed_smoke_run_shows_its_log_and_costs_nothing(model: Model) -> None:
    text = "Traceback\nKeyError: 'user' <b>\n"
    model.run(Box.SMOKE, report(Outcome.PROGRAM_ERROR, exit_code=1), log=text)
    model.refuse("On the public sample your program ended with an error.")
    smoke = model.view()["runs"]["smoke"]
    assert (smoke["outcome"], smoke["exit_code"], smoke["log"]) == ("program_error", 1, text)
    assert (smoke["wall_seconds"], smoke["is_log_cut"]) == (1.25, True)
    assert [state for _, state in model.stages()] == [
        "done", "done", "failed", "skipped", "skipped",
    ]  # fmt: skip
    browser = Browser(model.site)
    browser.log_in("ada")
    page = browser.see(f"/challenges/toy/submissions/{model.id}")
    assert "KeyError: &#39;user&#39; &lt;b&gt;" in page
    assert "not reached" in page
    assert model.team.get("/api/v1/challenges/toy/quota").json()["used_today"] == 0


def test_of_a_hidden_run_a_team_is_told_outcome_whole_seconds_and_rounded_memory(
    model: Model,
) -> None:
    model.run(Box.SMOKE, report())
    result = report(Outcome.INVALID_OUTPUT, seconds=3.21)
    model.run(Box.MODEL, result, log=CANARY, attempt=2)
    hidden = model.view()["runs"]["hidden"]
    times = [hidden.pop(name) for name in ("started_at", "ended_at")]
    assert [re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", at) is not None for at in times] == [
        True,
        True,
    ]
    assert hidden == {
        "outcome": "invalid_output",
        "fault": "participant",
        "words": "It ended well, and left no file that can be taken.",
        "hint": hidden["hint"],
        "wall_seconds": 4,
        "peak_memory_bytes": 112 * 2**20,
    }


def test_nothing_of_a_hidden_run_reaches_anybody_but_organizers(model: Model) -> None:
    model.run(Box.SMOKE, report())
    result = report(Outcome.PROGRAM_ERROR, exit_code=113)
    model.run(Box.MODEL, result, log=CANARY, attempt=2)
    with model.site.work() as session:
        runs.tell_host(
            session,
            run=RunRef(model.id, Box.MODEL, 3),
            box="metric-private",
            report=result,
            log=CANARY,
            words=CANARY,
            now=database_now(session),
        )
    bob = model.site.person("bob", accepts="toy")
    paths = [
        f"/api/v1/submissions/{model.id}",
        f"/api/v1/submissions/{model.id}/host-runs",
        f"/challenges/toy/submissions/{model.id}",
        f"/challenges/toy/submissions/{model.id}/host-runs",
        "/api/v1/challenges/toy/submissions",
        "/api/v1/challenges/toy/host",
        "/challenges/toy/submissions",
        "/challenges/toy/host",
        "/challenges/toy",
    ]
    told = [
        path
        for visitor in (model.team, bob, model.site.spectator())
        for path in paths
        if re.search(rf"{CANARY}|(?<![\w.:-])113(?![\w.:-])", visitor.get(path).text)
    ]
    assert told == []
    hostess = model.site.people["hostess"]
    items = hostess.get(paths[1]).json()["items"]
    assert [(run["box"], run["exit_code"], run["log"]) for run in items] == [
        ("model", 113, CANARY),
        ("metric-private", 113, CANARY),
    ]
    assert CANARY in hostess.get(paths[3]).text


def test_a_hidden_log_read_by_an_administrator_is_audited_and_by_a_judge_refused(
    model: Model,
) -> None:
    model.run(Box.MODEL, report(), log=CANARY)
    path = f"/api/v1/submissions/{model.id}/host-runs"
    events = "audit_event WHERE action = 'submissions.read_hidden_log'"
    assert model.site.people["hostess"].get(path).status_code == 200
    assert model.site.count(events) == 0
    warden = model.site.make_admin("warden")
    assert warden.get(path).json()["items"][0]["log"] == CANARY
    assert warden.get(f"/challenges/toy/submissions/{model.id}/host-runs").status_code == 200
    assert model.site.count(events) == 2
    judge = model.site.person("judy")
    link = {"role": "judge", "uses": 1}
    made = model.site.people["hostess"].post("/api/v1/challenges/toy/join-links", json=link)
    browser = Browser(model.site)
    browser.log_in("judy")
    browser.see(f"/join/{made.json()['code']}")
    browser.send(f"/join/{made.json()['code']}")
    assert judge.get(f"/api/v1/submissions/{model.id}").status_code == 200
    assert judge.get(path).status_code == 404


def test_failures_of_the_own_metric_are_told_to_organizers_alone(model: Model) -> None:
    site = model.site
    site.own_metric()
    judge = site.person("judy")
    link = site.people["hostess"].post(
        "/api/v1/challenges/toy/join-links", json={"role": "judge", "uses": 1}
    )
    browser = Browser(site)
    browser.log_in("judy")
    browser.see(f"/join/{link.json()['code']}")
    browser.send(f"/join/{link.json()['code']}")
    toy = site.challenge_id("toy")
    with site.work() as session:
        now = database_now(session)
        run = RunRef(model.id, Box.METRIC, 1)
        broken = report(Outcome.PROGRAM_ERROR, exit_code=1)
        runs.tell_host(session, run=run, box="metric-private", report=broken, log=CANARY, now=now)
        alarms.raise_alarm(
            session,
            kind=AlarmKind.METRIC_BROKE,
            subject="toy",
            challenge_id=toy,
            words=f"It failed: {CANARY}",
            now=now,
        )
    site.client.cookies.clear()
    hostess, warden = site.people["hostess"], site.make_admin("warden")
    path = "/challenges/toy/host"
    assert hostess.get(path).text.count(CANARY) == 2  # the alarm, and the log
    assert warden.get(path).text.count(CANARY) == 1  # the log is read on a page that is audited
    assert [CANARY in judge.get(each).text for each in (path, f"/api/v1{path}")] == [False, False]
    assert "its organizer knows more" in judge.get(path).text


def test_a_submission_is_not_shown_under_another_challenge(model: Model) -> None:
    model.site.publish("other")
    path = f"/challenges/other/submissions/{model.id}"
    assert model.team.get(path).status_code == 404
    assert model.site.people["hostess"].get(f"{path}/host-runs").status_code == 404


def test_predictions_have_a_page_with_two_stages(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    receipt = ada.submit(predictions(0.25)).json()
    path = f"/api/v1/submissions/{receipt['submission_id']}"
    assert [each["state"] for each in ada.get(path).json()["stages"]] == ["done", "waiting"]
    open_site.score_all()
    stages = ada.get(path).json()["stages"]
    assert [(each["name"], each["state"]) for each in stages] == [
        ("received", "done"),
        ("scoring", "done"),
    ]
    browser = Browser(open_site)
    browser.log_in("ada")
    page = browser.see(f"/challenges/toy/submissions/{receipt['submission_id']}")
    assert "0.2500" in page
    assert "Smoke run" not in page


def test_the_form_offers_what_the_challenge_takes_and_sends_it(open_site: Site) -> None:
    open_site.person("ada", accepts="toy")
    browser = Browser(open_site)
    browser.log_in("ada")
    assert 'name="delivery"' not in browser.see("/challenges/toy/submissions")
    open_site.take_models()
    assert browser.see("/challenges/toy/submissions").count(" disabled>") == 2
    open_site.worker_for_models()
    page = browser.see("/challenges/toy/submissions")
    assert re.findall(r'name="delivery" value="(\w+)"', page) == ["predictions", "code", "image"]
    sent = browser.upload("/challenges/toy/submissions", IMAGE, delivery="image")
    assert (sent.status_code, '<span class="state">image</span>' in sent.text) == (200, True)
    browser.see("/challenges/toy/submissions?send=yes")
    wrong = browser.upload("/challenges/toy/submissions", IMAGE, delivery="code")
    assert (wrong.status_code, "palio model pack" in wrong.text) == (415, True)
    strange = browser.upload("/challenges/toy/submissions", IMAGE, delivery="cake")
    assert strange.status_code == 400


def test_the_challenge_page_tells_the_limits_and_the_contract(open_site: Site) -> None:
    page = open_site.spectator().get("/challenges/toy").text
    assert "/output/predictions.csv" not in page
    open_site.take_models()
    page = open_site.spectator().get("/challenges/toy").text
    for words in ("/output/predictions.csv", "10 minutes", "2 GiB of memory", "smoke run"):
        assert words in page
    runtime = open_site.spectator().get("/api/v1/challenges/toy").json()["runtime"]
    assert [each.partition("==")[0] for each in runtime["packages"]].count("pandas") == 1

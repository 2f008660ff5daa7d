"""Each lie an organizer could tell with a key that signs everything: `verify board` names it."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_verify import Files, Proofs, changed_json, unzipped
from tests.web.site import Site, make_site
from tests.web.toy_pack import predictions

from palio.cli.verify import board, counted
from palio.cli.verify.findings import Findings
from palio.core.log_entries import canonical

TOY = "/api/v1/challenges/toy"
Change = Callable[[Any], object]


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proofs]:
    """A revealed challenge in which everything happened that leaves something out."""
    site = make_site(tmp_path_factory.mktemp("lies") / "site")
    site.publish(rule="best_public")
    site.declare_board(has_late_entries=True)
    sent = {
        handle: [
            site.person(handle, accepts="toy").submit(predictions(values)).json()["submission_id"]
        ]
        for handle, values in (("ada", 0.3), ("bob", 0.3), ("cat", 0.2), ("dan", 0.6), ("eve", 0.7))
    }
    ada = site.people["ada"]
    sent["ada"].append(ada.submit(predictions(0.1)).json()["submission_id"])
    site.score_all()
    assert ada.call(
        "PUT", f"/api/v1/submissions/{sent['ada'][1]}/withdrawal", json={"withdrawn": True}
    ).is_success
    merge(site, "dan", "eve")
    site.end()
    late = ada.submit(predictions(0.05))
    assert late.status_code == 201, late.text
    site.score_all()
    site.settle()
    disqualify(site, "cat")
    yield Proofs(files=unzipped(site), receipt=b"", signer=site.state.signer)
    site.close()


def merge(site: Site, first: str, second: str) -> None:
    proposed = site.people[first].post(f"{TOY}/team/mergers", json={"team": second})
    assert proposed.is_success, proposed.text
    path = f"{TOY}/team/mergers/{proposed.json()['id']}/decision"
    assert site.people[second].post(path, json={"decision": "accept"}).is_success


def disqualify(site: Site, team: str) -> None:
    order = {"team": team, "reason": "copied", "words": "Two files are the same."}
    made = site.people["hostess"].post(f"{TOY}/exclusions", json=order)
    assert made.is_success, made.text


def told(proofs: Proofs, **changed: bytes) -> str:
    return faults(proofs.resigned(**changed))


def faults(files: Files) -> str:
    return " | ".join(f"{place}: {text}" for place, text in board.check(files).faults)


def entries(proofs: Proofs, change: Change) -> str:
    return told(proofs, entries_json=changed_json(proofs.files["entries.json"], change))


def entry_of(read: Any, *, place: int = -1, kind: str = "competitor") -> Any:
    return [each for each in read["entries"] if each["kind"] == kind][place]


def test_what_is_true_holds_and_says_exactly_what_was_checked(proofs: Proofs) -> None:
    found = board.check(proofs.files)
    assert found.faults == []
    assert found.holds[3:] == [
        "6 private scores are those promised when they were made",
        "1 left out as disqualified: each has its entry in the log",
        "1 left out as withdrawn: each has its entry in the log",
        "the final ranking of 4 rows comes out the same, computed again",
    ]
    assert found.unchecked == [*board.NEVER, board.NO_RECEIPTS]


def test_dropping_an_entry(proofs: Proofs) -> None:
    assert "a score in the log and no place" in entries(
        proofs, lambda read: read["entries"].remove(entry_of(read))
    )


def test_adding_an_entry(proofs: Proofs) -> None:
    def add(read: Any) -> None:
        read["entries"].append({**entry_of(read), "submission_id": "0" * 32})

    assert "does not know that it was received" in entries(proofs, add)


def test_counting_an_entry_twice(proofs: Proofs) -> None:
    assert "is there twice" in entries(
        proofs, lambda read: read["entries"].append(dict(entry_of(read)))
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [("private", "private score is not the one promised"), ("all_public", "not the one told")],
)
def test_changing_a_score(proofs: Proofs, name: str, words: str) -> None:
    def better(read: Any) -> None:
        pair = entry_of(read)[name][0]
        pair[1] = str(Decimal(pair[1]) / 2)

    assert words in entries(proofs, better)


def test_ranking_by_another_public_score(proofs: Proofs) -> None:
    assert "public score" in entries(proofs, lambda read: entry_of(read).update(public="0.0001"))


def test_swapping_the_times_of_two_receipts(proofs: Proofs) -> None:
    def swap(read: Any) -> None:
        one, two = entry_of(read, place=0), entry_of(read, place=1)
        one["received_at"], two["received_at"] = two["received_at"], one["received_at"]

    assert entries(proofs, swap).count("received_at is not that of the receipt") == 2


def test_giving_an_entry_to_another_team(proofs: Proofs) -> None:
    def give(read: Any) -> None:
        entry_of(read, place=0)["team"] = entry_of(read, place=1)["team"]

    assert "team is not that of the receipt" in entries(proofs, give)


def test_hiding_a_disqualification_or_a_withdrawal(proofs: Proofs) -> None:
    for why in ("disqualified", "withdrawn"):

        def hide(read: Any, why: str = why) -> None:
            (id_,) = [id_ for id_, each in read["left_out"].items() if each == why]
            del read["left_out"][id_]
            read["entries"].append({**entry_of(read), "submission_id": id_})

        fields = json.loads(proofs.files["opened.json"])
        (kept,) = [
            each["payload"]
            for each in fields
            if each["payload"]["action"] == "submissions.received"
            and each["payload"]["subject"] == _left_out(proofs, why)
        ]
        detail = kept["detail"]

        def hide_well(read: Any, why: str = why, detail: Any = detail) -> None:
            hide(read, why)
            read["entries"][-1] |= {
                name: detail[name] for name in ("team", "kind", "label", "received_at")
            }

        assert f"the log says it is {why}" in entries(proofs, hide_well)


def _left_out(proofs: Proofs, why: str) -> str:
    read = json.loads(proofs.files["entries.json"])
    (id_,) = [id_ for id_, each in read["left_out"].items() if each == why]
    return str(id_)


@pytest.mark.parametrize("why", ["disqualified", "withdrawn", "rerun"])
def test_claiming_what_never_was(proofs: Proofs, why: str) -> None:
    def claim(read: Any) -> None:
        entry = entry_of(read)
        read["entries"].remove(entry)
        read["left_out"][entry["submission_id"]] = why

    assert f"left out as {why}, and the log says nothing of the kind" in entries(proofs, claim)


def test_calling_an_entry_late_or_a_baseline(proofs: Proofs) -> None:
    for kind in ("late", "baseline"):
        found = entries(proofs, lambda read, kind=kind: entry_of(read).update(kind=kind))
        assert "kind is not that of the receipt" in found


def test_calling_a_team_the_hosts_is_said_where_it_cannot_be_checked(proofs: Proofs) -> None:
    changed = changed_json(
        proofs.files["entries.json"], lambda read: entry_of(read, place=0).update(kind="host")
    )
    found = board.check(proofs.resigned(entries_json=changed))
    assert "that teams of these have a host since then" in " ".join(found.unchecked)
    assert "computed again" in " ".join(text for _, text in found.faults)


def test_keeping_an_opened_entry_back(proofs: Proofs) -> None:
    for action in ("submissions.exclusion", "submissions.withdraw", "submissions.merge"):

        def keep_back(read: Any, action: str = action) -> None:
            read[:] = [each for each in read if each["payload"]["action"] != action]

        opened = changed_json(proofs.files["opened.json"], keep_back)
        assert "kept back" in told(proofs, opened_json=opened)


def test_keeping_the_last_promise_or_reveal_back(proofs: Proofs) -> None:
    for action in ("challenges.commitment", "leaderboard.rereveal"):

        def keep_back(read: Any, action: str = action) -> None:
            read.remove([each for each in read if each["payload"]["action"] == action][-1])

        opened = changed_json(proofs.files["opened.json"], keep_back)
        assert "kept back" in told(proofs, opened_json=opened)


def test_telling_the_log_in_another_order(proofs: Proofs) -> None:
    opened = changed_json(proofs.files["opened.json"], lambda read: read.reverse())
    assert "not told in the order of the log" in told(proofs, opened_json=opened)


def test_telling_an_entry_of_the_log_twice(proofs: Proofs) -> None:
    opened = changed_json(proofs.files["opened.json"], lambda read: read.append(read[-1]))
    assert "not told in the order of the log" in told(proofs, opened_json=opened)


def test_saying_that_nothing_is_revealed_yet(proofs: Proofs) -> None:
    files = {
        name: raw
        for name, raw in proofs.files.items()
        if name not in {"entries.json", "view.json", "board.json"}
    }
    hidden = Proofs(files=files, receipt=b"", signer=proofs.signer)
    assert "the log has the reveal" in faults(hidden.resigned({"is_revealed": False}))


def test_scores_under_the_name_of_another_metric(proofs: Proofs) -> None:
    def swap(read: Any, name: str) -> None:
        one, two = entry_of(read, place=0)[name]
        one[0], two[0] = two[0], one[0]

    for name, words in (("private", "private scores"), ("all_public", "public scores")):
        found = entries(proofs, lambda read, name=name: swap(read, name))
        assert f"its {words} are not those of the metrics promised" in found


@pytest.mark.parametrize(
    ("phase_id", "phase", "is_sound"),
    [("1", "first", True), ("2", "first", False), ("0", "first", False), ("0", "other", True)],
)
def test_moving_an_entry_to_another_phase(phase_id: str, phase: str, *, is_sound: bool) -> None:
    asked = counted.Promised(metrics=["rmse"], phases={"1": "first", "2": "last"})
    found = Findings()
    with found.at("entry"):
        asked.check(
            {"private": [["rmse", "0.1"]], "all_public": [], "phase_id": phase_id}, phase=phase
        )
    assert found.faults == ([] if is_sound else [("entry", "its phase is not that of the receipt")])


def test_reordering_a_tie(proofs: Proofs) -> None:
    read = json.loads(proofs.files["board.json"])
    tied = [place for place, row in enumerate(read["rows"]) if "0.3000" in row]
    one, two = tied
    read["rows"][one], read["rows"][two] = read["rows"][two], read["rows"][one]
    raw = json.dumps(read, separators=(",", ":")).encode()
    assert "computed again it is" in told(proofs, board_json=raw)


def test_other_rules(proofs: Proofs) -> None:
    assert "not the rules that were promised" in told(proofs, rules_md=b"Other rules.\n")


def test_another_version_of_the_metric(proofs: Proofs) -> None:
    found = entries(proofs, lambda read: read.update(metric_version=2))
    assert "not of the version of key and metric promised" in found


def test_a_line_elsewhere(proofs: Proofs) -> None:
    read = json.loads(proofs.files["view.json"])
    read["lines"] = [
        {"kind": "declared", "title": "Us", "score": "0.4", "percent": None, "submission_id": ""}
    ]
    raw = canonical(read).encode() + b"\n"
    assert "lines among the rows are not where they belong" in told(proofs, view_json=raw)


def test_an_opening_is_matched_with_the_log(proofs: Proofs, tmp_path: Path) -> None:
    file = tmp_path / "answers"
    file.write_text("[]\n")
    places = [place for place, _ in board.check(proofs.files, answers=file.read_bytes()).faults]
    assert places == ["answers"]

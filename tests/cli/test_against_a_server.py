"""The whole way of a participant and of an organizer, with the program, on a real server.

All that needs one is here: starting it costs more than every test on it.
"""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from tests.cli.conftest import PASSWORD, Palio, Site, document, make_pack

pytestmark = pytest.mark.integration
REASON = ("--reason", "The server was down.")


def log_in(palio: Palio, site: Site, handle: str, *, scope: str = "submit") -> None:
    args = ("login", site.address, "--handle", handle, "--scope", scope, "--password-stdin")
    result = palio(*args, text=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output


def test_participant_goes_from_login_to_the_board(palio: Palio, site: Site, tmp_path: Path) -> None:
    log_in(palio, site, "ada")
    assert [line["slug"] for line in document(palio("challenges", "--json"))] == ["film-night"]
    assert palio("use", "film-night").exit_code == 0

    refused = palio("data")
    assert refused.exit_code == 3
    assert "rules" in refused.stderr
    assert palio("rules", "--accept").exit_code == 0

    fetched = document(palio("data", "--out", "data", "--json"))
    names = [item["path"] for item in fetched]
    assert {"test.csv", "train.csv"} <= set(names)
    for name in ("test.csv", "train.csv"):
        assert (tmp_path / "data" / name).read_bytes() == (site.pack / "data" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == sorted(names)

    good = site.pack / "baselines" / "film-mean.csv"
    assert document(palio("check", good, "--json")) == {
        "verdict": "accepted",
        "rows": 60,
        "findings": [],
    }
    assert document(palio("quota", "--json"))["remaining"] == 5

    scored = document(palio("submit", good, "--note", "film mean", "--wait", "--json"))
    assert (scored["state"], scored["note"]) == ("scored", "film mean")
    assert [score["metric"] for score in scored["public_scores"]] == ["rmse", "mae"]
    assert document(palio("quota", "--json"))["remaining"] == 4

    back = tmp_path / "back.csv"
    assert palio("submission", scored["id"], "--file", back).exit_code == 0
    assert back.read_bytes() == good.read_bytes()
    listed = document(palio("submissions", "--json"))
    assert [each["id"] for each in listed] == [scored["id"]]
    assert document(palio("team", "show", "--json"))["members"][0]["handle"] == "ada"


def test_refused_file_says_why_and_costs_no_try(palio: Palio, site: Site, tmp_path: Path) -> None:
    log_in(palio, site, "bob")
    assert palio("rules", "film-night", "--accept").exit_code == 0
    broken = tmp_path / "broken.csv"
    sample = (site.pack / "sample_submission.csv").read_text(encoding="utf-8").splitlines()
    broken.write_text("\n".join(sample[:-1]), encoding="utf-8")

    checked = palio("check", broken, "-c", "film-night")
    assert checked.exit_code == 1
    assert "id:missing" in checked.stdout

    result = palio("submit", broken, "-c", "film-night", "--wait", "--json")
    assert (result.exit_code, document(result)["state"]) == (1, "refused")
    assert [finding["code"] for finding in document(result)["findings"]] == ["id:missing"]
    assert document(palio("quota", "film-night", "--json"))["remaining"] == 5


def test_leaderboard_as_csv_holds_what_the_table_shows(
    palio: Palio, site: Site, tmp_path: Path
) -> None:
    target = tmp_path / "board.csv"
    ask = ("leaderboard", "film-night", "--server", site.address)
    assert palio(*ask, "--csv", target).exit_code == 0
    shown = document(palio(*ask, "--json"))
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig"))))
    assert [row["team"] for row in rows] == [row["team"] for row in shown["items"]]
    assert {"film-mean", "global-mean"} <= {row["team"] for row in rows}


def test_private_leaderboard_before_the_reveal_is_not_found(palio: Palio, site: Site) -> None:
    result = palio("leaderboard", "film-night", "--board", "private", "--server", site.address)
    assert result.exit_code == 4


def test_organizer_publishes_over_the_network_and_takes_everything_home(
    palio: Palio, site: Site, tmp_path: Path
) -> None:
    log_in(palio, site, "olga", scope="organize")
    pack = make_pack(tmp_path / "second-night")
    published = palio("challenge", "publish", pack, "--server", site.address, "--json")
    assert published.exit_code == 0, published.output
    assert document(published)["slug"] == "second-night"
    assert "tagline" in document(palio("challenge", "show", "second-night", "--json"))

    target = tmp_path / "all.zip"
    assert palio("challenge", "export", "second-night", "--out", target).exit_code == 0
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        assert archive.namelist() != []


def test_publish_over_the_network_of_a_broken_folder_lists_its_faults(
    palio: Palio, site: Site, tmp_path: Path
) -> None:
    log_in(palio, site, "olga", scope="organize")
    pack = make_pack(tmp_path / "third-night")
    plan = pack / "challenge.toml"
    plan.write_text(plan.read_text("utf-8").replace('"rmse"', '"rsme"'), encoding="utf-8")
    result = palio("challenge", "publish", pack, "--server", site.address, "--json")
    assert (result.exit_code, document(result)["error"]["code"]) == (1, "pack_refused")
    assert "challenge.toml:" in result.stderr


def test_publish_with_a_token_for_submitting_is_not_allowed(palio: Palio, site: Site) -> None:
    log_in(palio, site, "ada")
    result = palio("challenge", "publish", site.pack, "--server", site.address)
    assert result.exit_code == 3
    assert "palio login --scope organize" in result.stderr


def test_doctor_of_a_running_server_finds_nothing_to_do(palio: Palio, site: Site) -> None:
    result = palio("doctor", "--data", site.data, "--json")
    lines = {line["what"]: line["state"] for line in document(result)}
    assert result.exit_code == 0, result.output
    assert {what for what, state in lines.items() if state == "fail"} == set()
    assert (lines["schema"], lines["workers"], lines["data folder"]) == ("ok", "ok", "ok")


def test_serve_on_a_port_in_use_says_so(palio: Palio, site: Site, tmp_path: Path) -> None:
    port = site.address.rpartition(":")[2]
    result = palio("serve", "--port", port, "--data", tmp_path / "other")
    assert result.exit_code == 5
    assert f"Something already listens at 127.0.0.1:{port}" in result.stderr


def test_token_stops_working_after_logout(palio: Palio, site: Site) -> None:
    log_in(palio, site, "bob")
    assert palio("logout").exit_code == 0
    assert palio("whoami").exit_code == 3


def test_organizer_runs_a_challenge_from_the_command_line(
    palio: Palio, site: Site, tmp_path: Path
) -> None:
    log_in(palio, site, "ada")
    assert palio("rules", "film-night", "--accept").exit_code == 0
    if palio("team", "show", "film-night").exit_code:
        assert palio("team", "create", "Ada / Lovelace", "-c", "film-night").exit_code == 0
    team = document(palio("team", "show", "film-night", "--json"))["name"]
    before = document(palio("quota", "film-night", "--json"))["remaining"]

    log_in(palio, site, "olga", scope="organize")
    granted = palio("challenge", "grant", "film-night", team, "--tries", "3", *REASON)
    assert granted.exit_code == 0, granted.output
    nobody = palio("challenge", "grant", "film-night", "nobody", "--tries", "3", *REASON, "--json")
    assert (nobody.exit_code, document(nobody)["error"]["code"]) == (4, "team_not_found")
    assert document(palio("challenge", "status", "film-night", "--json"))["teams"] >= 1

    pack = make_pack(tmp_path / "fourth-night")
    assert palio("challenge", "publish", pack, "--server", site.address).exit_code == 0
    (phase,) = document(palio("challenge", "show", "fourth-night", "--json"))["phases"]
    extend = ("challenge", "extend", "fourth-night", "--phase", phase["name"], *REASON, "--until")
    later = document(palio(*extend, "2097-01-01T01:00:00+01:00", "--json"))
    assert later["phases"][0]["closes_at"] == "2097-01-01T00:00:00Z"
    sooner = palio(*extend, "2095-01-01T00:00:00Z", "--json")
    assert (sooner.exit_code, document(sooner)["error"]["code"]) == (1, "bad_extension")
    early = palio("challenge", "archive", "fourth-night", "--json")
    assert (early.exit_code, document(early)["error"]["code"]) == (1, "illegal_state")

    log_in(palio, site, "ada")
    assert document(palio("quota", "film-night", "--json"))["remaining"] == before + 3


def test_judge_comes_in_by_a_link(palio: Palio, site: Site) -> None:
    log_in(palio, site, "olga", scope="organize")
    made = palio("challenge", "invite", "film-night", "--role", "judge", "--json")
    code = document(made)["code"]
    signed_up = palio(
        *("sign-up", site.address, "--handle", "judy", "--join-code", code, "--password-stdin"),
        text=f"{PASSWORD}\n",
    )
    assert signed_up.exit_code == 0, signed_up.output
    log_in(palio, site, "judy")
    assert palio("challenge", "status", "film-night").exit_code == 0
    assert palio("challenge", "status", "film-night", "--server", site.address).exit_code == 0


def test_organizer_starts_and_abandons_a_set(palio: Palio, site: Site, tmp_path: Path) -> None:
    log_in(palio, site, "olga", scope="organize")
    pack = make_pack(tmp_path / "fifth-night")
    assert palio("challenge", "publish", pack, "--server", site.address).exit_code == 0
    name = document(palio("challenge", "rescore", "show", "fifth-night", "--json"))["active"][
        "metrics"
    ][0]["name"]
    start = ("challenge", "rescore", "start", "fifth-night", *REASON, "--json")
    begun = document(palio(*start, "--set", f"{name}.digits=2"))
    assert begun["open"]["metrics"][0]["digits"] == 2
    same = palio(*start, "--answers", pack / "solution.csv")
    assert document(same)["error"]["code"] == "rescore_open"
    left = document(palio("challenge", "rescore", "abandon", "fifth-night", "--json"))
    assert left["open"] is None
    unchanged = palio(*start, "--answers", pack / "solution.csv")
    assert document(unchanged)["error"]["code"] == "correction_refused"

"""The whole way of a participant and of an organizer, with the program, on a real server."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from tests.cli.conftest import PASSWORD, Palio, Site, document, make_pack

pytestmark = pytest.mark.integration


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

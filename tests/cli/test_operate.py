"""The operator's commands on a server's own database: accounts, challenge folders, doctor."""

import re
from pathlib import Path

import pytest
from tests.cli.conftest import PASSWORD, Palio, document, make_pack
from tests.cli.fakes import Fake

from palio.cli.operate import doctor, publishing
from palio.core.settings import Settings
from palio.pipeline.worker import may_meet_answers


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def create(palio: Palio, data: Path, handle: str, *more: str) -> None:
    args = ("user", "create", handle, "--data", data, "--password-stdin", *more)
    result = palio(*args, text=f"{PASSWORD}\n")
    assert result.exit_code == 0, result.output


def test_user_create_makes_accounts_and_admins(palio: Palio, data: Path) -> None:
    create(palio, data, "ada")
    create(palio, data, "olga", "--admin")
    people = document(palio("user", "list", "--data", data, "--json"))
    assert [(person["handle"], person["is_admin"]) for person in people] == [
        ("ada", False),
        ("olga", True),
    ]


def test_data_folder_is_closed_to_other_people(palio: Palio, data: Path) -> None:
    create(palio, data, "ada")
    assert data.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("handle", "password", "code"),
    [
        ("ada", PASSWORD, "handle_taken"),
        ("bob", "short", "weak_password"),
        ("b", PASSWORD, "bad_handle"),
    ],
)
def test_user_create_when_refused_says_why(
    palio: Palio, data: Path, handle: str, password: str, code: str
) -> None:
    create(palio, data, "ada")
    args = ("user", "create", handle, "--data", data, "--password-stdin", "--json")
    result = palio(*args, text=f"{password}\n")
    assert (result.exit_code, document(result)["error"]["code"]) == (1, code)


def test_user_password_and_token_of_nobody_are_not_found(palio: Palio, data: Path) -> None:
    create(palio, data, "ada")
    args = ("user", "password", "nobody", "--data", data, "--password-stdin")
    assert palio(*args, text=f"{PASSWORD}\n").exit_code == 4
    assert palio("user", "token", "nobody", "--data", data).exit_code == 4


def test_user_who_is_disabled_stands_so_in_the_list_until_enabled(palio: Palio, data: Path) -> None:
    create(palio, data, "ada")
    for word, is_disabled in (("disable", True), ("enable", False)):
        said = document(palio("user", word, "ada", "--data", data, "--json"))
        (listed,) = document(palio("user", "list", "--data", data, "--json"))
        assert (said, listed["is_disabled"]) == (listed, is_disabled)
    assert palio("user", "disable", "nobody", "--data", data).exit_code == 4


def test_user_token_is_shown_once_and_names_its_owner(palio: Palio, data: Path) -> None:
    create(palio, data, "ada")
    made = document(palio("user", "token", "ada", "--data", data, "--json"))
    assert (made["handle"], made["token"].startswith(f"palio_{made['id']}_")) == ("ada", True)


def test_new_challenge_is_sound_and_its_board_is_printed(palio: Palio) -> None:
    assert palio("challenge", "new", "film-night").exit_code == 0
    result = palio("challenge", "check", "film-night")
    assert result.exit_code == 0, result.output
    assert "film-night is sound" in result.stdout
    text = Path("film-night/challenge.toml").read_text(encoding="utf-8")
    assert re.findall(r'(?m)^title = "(.*)"', text) == ["Film night", "First prize", "Second prize"]
    report = document(palio("challenge", "check", "film-night", "--json"))
    assert [line["label"] for line in report["board"]] == [
        "film-mean",
        "global-mean",
        "sample submission",
    ]


def test_check_of_a_broken_folder_names_file_line_and_way_out_for_every_fault(
    palio: Palio, tmp_path: Path
) -> None:
    pack = make_pack(tmp_path / "film-night")
    plan = pack / "challenge.toml"
    text = plan.read_text("utf-8").replace('"rmse"', '"rsme"').replace("tagline", "tag_line")
    plan.write_text(text, encoding="utf-8")
    (pack / "solution.csv").unlink()
    result = palio("challenge", "check", pack)
    report = document(palio("challenge", "check", pack, "--json"))
    number = 1 + text.splitlines().index(next(row for row in text.splitlines() if "rsme" in row))
    assert (result.exit_code, report["is_sound"]) == (1, False)
    assert f"\nchallenge.toml:{number}: " in f"\n{result.stdout}"
    assert {finding["file"] for finding in report["findings"]} == {"challenge.toml", "solution.csv"}
    assert len(report["findings"]) >= 3


def test_check_of_no_folder_says_so(palio: Palio) -> None:
    result = palio("challenge", "check", "nothing")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        1,
        "error: nothing is not a folder.",
    )


def test_check_of_the_file_in_a_folder_names_the_folder(palio: Palio, tmp_path: Path) -> None:
    pack = make_pack(tmp_path / "film-night")
    result = palio("challenge", "check", pack / "challenge.toml")
    assert result.stderr.splitlines()[1] == f"  Name the folder it is in: {pack}"


def test_publish_without_an_organizer_takes_the_only_admin(
    palio: Palio, data: Path, tmp_path: Path
) -> None:
    pack = make_pack(tmp_path / "film-night")
    create(palio, data, "ada")
    asked = palio("challenge", "publish", pack, "--data", data)
    assert (asked.exit_code, "--organizer" in asked.stderr) == (1, True)
    unknown = palio("challenge", "publish", pack, "--organizer", "olga", "--data", data)
    assert (unknown.exit_code, "palio user create olga" in unknown.stderr) == (1, True)
    create(palio, data, "olga", "--admin")
    published = document(palio("challenge", "publish", pack, "--data", data, "--json"))
    assert (published["slug"], published["state"]) == ("film-night", "open")
    again = palio("challenge", "publish", pack, "--data", data, "--json")
    assert (again.exit_code, document(again)["error"]["code"]) == (1, "slug_taken")


def test_publish_goes_to_this_machine_unless_somebody_is_signed_in_elsewhere(
    signed_in: Palio, tmp_path: Path
) -> None:
    assert signed_in("--version").exit_code == 0
    assert publishing.is_local(tmp_path) is True
    assert publishing.is_local(None) is False
    assert publishing.is_local(None, organizer="olga") is True
    (tmp_path / "palio-data").mkdir()
    assert publishing.is_local(None) is True


def test_publish_for_an_organizer_on_another_server_is_refused_in_words(
    signed_in: Palio, fake: Fake, tmp_path: Path
) -> None:
    pack = make_pack(tmp_path / "film-night")
    args = ("challenge", "publish", pack, "--organizer", "olga", "--server", fake.address)
    result = signed_in(*args)
    assert (result.exit_code, fake.requests) == (1, [])
    assert "it is you who is signed in" in result.stderr


def test_migrate_twice_changes_nothing_the_second_time(palio: Palio, data: Path) -> None:
    first = document(palio("migrate", "--data", data, "--json"))
    second = document(palio("migrate", "--data", data, "--json"))
    assert (first["before"], second["before"], second["after"]) == (
        None,
        first["after"],
        first["after"],
    )


def test_sweep_once_on_an_idle_server_does_nothing(palio: Palio, data: Path) -> None:
    assert palio("migrate", "--data", data).exit_code == 0
    assert document(palio("sweep", "--data", data, "--json")) == {"swept": True}


def test_doctor_before_the_first_start_makes_nothing(palio: Palio, data: Path) -> None:
    result = palio("doctor", "--data", data, "--json")
    assert (result.exit_code, data.exists()) == (0, False)


def test_doctor_with_a_database_that_is_not_there_fails_with_a_way_out(
    palio: Palio, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALIO_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    result = palio("doctor", "--data", data, "--json")
    lines = {line["what"]: line for line in document(result)}
    assert (result.exit_code, lines["database"]["state"]) == (1, "fail")
    assert "PALIO_DATABASE_URL" in lines["database"]["way_out"]


def test_doctor_with_unsafe_settings_names_them(
    palio: Palio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALIO_ENVIRONMENT", "production")
    result = palio("doctor", "--json")
    lines = {line["what"]: line for line in document(result)}
    assert (result.exit_code, lines["settings"]["state"]) == (1, "fail")
    assert "PALIO_SECRET_KEY" in lines["settings"]["words"]


def test_a_worker_for_programs_that_can_read_answers_is_told_in_production(
    tmp_path: Path,
) -> None:
    laptop = Settings(data_folder=tmp_path)
    real = laptop.model_copy(update={"environment": "production"})
    assert not may_meet_answers(real)  # there are none here
    (tmp_path / "sealed").mkdir()
    assert not may_meet_answers(real)
    (tmp_path / "sealed" / "key").touch()
    assert may_meet_answers(real)
    assert not may_meet_answers(laptop)


def test_doctor_finds_a_data_folder_that_is_open_to_all(tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir()
    tmp_path.chmod(0o755)
    assert doctor.look_at_folder(tmp_path).state == "warn"
    tmp_path.chmod(0o700)
    assert doctor.look_at_folder(tmp_path).state == "ok"


@pytest.mark.parametrize(("found", "state"), [((3, 10), "fail"), ((3, 11), "ok"), ((3, 14), "ok")])
def test_doctor_judges_the_python(found: tuple[int, int], state: str) -> None:
    assert doctor.look_at_python(found).state == state

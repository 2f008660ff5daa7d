"""What people see: long texts in a terminal of 80 columns, and in a pipe."""

import pytest

from palio.cli.client import show

FACTS = "level container, a program ran inside (Docker Engine 28.1, cgroups v2; runtime runc)"


def test_hanging_text_on_a_terminal_stays_below_its_first_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(show, "is_terminal", lambda: True)
    show.hanging("ok    docker  ", FACTS)
    show.hanging("", "chown -R 0 /srv/" + "x" * 60)
    assert capsys.readouterr().out.splitlines() == [
        "ok    docker  level container, a program ran inside (Docker",
        "              Engine 28.1, cgroups v2; runtime runc)",
        "chown -R 0",
        "/srv/" + "x" * 60,
    ]


def test_hanging_text_in_a_pipe_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show.hanging("ok    docker  ", FACTS)
    assert capsys.readouterr().out == f"ok    docker  {FACTS}\n"


def test_empty_table_in_a_pipe_keeps_its_names_and_says_in_words_that_there_is_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show.table(["rank>", "team<"], [], empty="Nobody has a score yet.")
    assert capsys.readouterr() == ("rank\tteam\n", "Nobody has a score yet.\n")
    show.table(["rank>", "team<"], [(1, "ada")], empty="Nobody has a score yet.")
    assert capsys.readouterr() == ("rank\tteam\n1\tada\n", "")


def test_empty_table_says_nothing_beside_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    with show.quiet(is_quiet=True):
        show.table(["rank>"], [])
    assert capsys.readouterr() == ("", "")
    show.table(["rank>"], [])
    assert capsys.readouterr() == ("rank\n", "Nothing here yet.\n")

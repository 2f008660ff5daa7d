"""Every command that a document shows is one: its words, its options, as many arguments."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.cli.conftest import Palio, document
from typer.core import TyperGroup

from palio.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINE = re.compile(r"^(?:    )?(?:PALIO_\S+ )*(palio [^#\n]*)", re.MULTILINE)
INLINE = re.compile(r"`(palio [^`\n]+)`")
PROGRAM = typer.main.get_command(app)


def shown(text: str) -> Iterator[str]:
    """Yield the commands in fenced or indented lines and between backquotes."""
    fenced = "".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    indented = "\n".join(line for line in text.splitlines() if line.startswith("    palio "))
    for found in (*LINE.findall(fenced), *LINE.findall(indented), *INLINE.findall(text)):
        if not re.search(r"[|…]|\.\.\.", found):  # several at once, or not all of it
            yield found.split("  ")[0].strip().rstrip("&")


def fault(words: list[str]) -> str:
    """Return what is wrong with the words behind ``palio``; empty = nothing."""
    group, at = PROGRAM, 0
    while isinstance(group, TyperGroup):
        if at == len(words):
            return ""
        found = group.commands.get(words[at])
        if found is None:
            return "" if words[at].startswith("-") else f"there is no {words[at]!r}"
        group, at = found, at + 1
    options = {name for each in group.params for name in (*each.opts, *each.secondary_opts)}
    unknown = {each.partition("=")[0] for each in words[at:] if each.startswith("-")} - options
    return f"no such option: {', '.join(sorted(unknown))}" if unknown - {"--help", "-h"} else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_document_are_there(page: Path) -> None:
    faults = {
        command: words
        for command in shown(page.read_text(encoding="utf-8"))
        if (words := fault(shlex.split(command)[1:]))
    }
    assert faults == {}


def test_plan_of_the_walk_through_is_sound_in_the_place_of_the_prizes_of_a_new_folder(
    palio: Palio,
) -> None:
    assert palio("challenge", "new", "tides").exit_code == 0
    page = (ROOT / "docs/organise/running-a-prize.md").read_text(encoding="utf-8")
    (declared,) = re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    plan = Path("tides/challenge.toml")
    before, _, _ = plan.read_text(encoding="utf-8").partition("[[prizes]]")
    plan.write_text(before + declared, encoding="utf-8")
    checked = document(palio("challenge", "check", "tides", "--json"))
    assert checked["findings"] == []
    assert {each["code"] for each in checked["warnings"]} <= {
        "release:other_metrics",
        "release:step",  # the data of a new folder are drawn anew each time
        "verification:code",
    }


def test_a_wrong_command_or_option_would_be_found() -> None:
    text = "```\npalio award nothing X   # no\n```\n`palio submit F --wiat` and `palio serve`"
    assert [(one, fault(shlex.split(one)[1:])) for one in shown(text)] == [
        ("palio award nothing X", "there is no 'nothing'"),
        ("palio submit F --wiat", "no such option: --wiat"),
        ("palio serve", ""),
    ]

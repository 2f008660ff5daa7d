"""A challenge folder is read whole, or refused with everything that is wrong with it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from palio.challenges import leaks, packs
from palio.challenges.errors import PackRefusedError
from palio.challenges.packs import Baseline, look_at, read_pack

EXAMPLE = Path(packs.__file__).parent / "examples" / "netflix-mini"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound challenge folder to spoil."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "challenge"))


def test_sound_folder_is_read_whole(folder: Path) -> None:
    pack = read_pack(folder)
    assert pack.plan.slug == "netflix-mini"
    assert pack.description == (EXAMPLE / "description.md").read_text()
    assert pack.rules == (EXAMPLE / "rules.md").read_text()
    assert (pack.data_folder, pack.solution) == (folder / "data", folder / "solution.csv")
    assert pack.sample == folder / "sample_submission.csv"
    assert pack.baselines == (
        Baseline("film-mean", folder / "baselines" / "film-mean.csv"),
        Baseline("global-mean", folder / "baselines" / "global-mean.csv"),
    )
    assert pack.files == ("test.csv", "train.csv")
    assert look_at(folder).warnings == ()


def test_sample_and_baselines_may_be_left_out(folder: Path) -> None:
    (folder / "sample_submission.csv").unlink()
    shutil.rmtree(folder / "baselines")
    pack = read_pack(folder)
    assert (pack.sample, pack.baselines) == (None, ())


def test_folder_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(PackRefusedError) as refusal:
        read_pack(tmp_path / "nothing")
    assert [finding.code for finding in refusal.value.findings] == ["file:missing"]


def test_empty_folder_names_every_part_it_needs(tmp_path: Path) -> None:
    with pytest.raises(PackRefusedError, match="5 mistakes") as refusal:
        read_pack(tmp_path)
    assert [(finding.code, finding.file) for finding in refusal.value.findings] == [
        ("file:missing", name)
        for name in ("challenge.toml", "description.md", "rules.md", "solution.csv", "data")
    ]


def test_mistakes_of_all_files_come_at_once(folder: Path) -> None:
    toml = folder / "challenge.toml"
    toml.write_text(toml.read_text().replace('ties = "earlier"', 'tie = "earlier"'))
    (folder / "rules.md").write_text(" \n")
    (folder / "description.md").write_bytes(b"fine\nna\xefve\n")
    (folder / "solution.csv").unlink()
    found = [(f.code, f.file, f.line) for f in look_at(folder).findings]
    assert found == [
        ("key:unknown", "challenge.toml", 45),
        ("file:encoding", "description.md", 2),
        ("file:empty", "rules.md", None),
        ("file:missing", "solution.csv", None),
    ]


def link_a_data_file(folder: Path) -> None:
    (folder / "data" / "passwd").symlink_to("/etc/passwd")


def link_a_data_folder(folder: Path) -> None:
    (folder / "data" / "etc").symlink_to("/etc")


def link_data(folder: Path) -> None:
    shutil.move(folder / "data", folder.parent / "elsewhere")
    (folder / "data").symlink_to(folder.parent / "elsewhere")


def link_solution(folder: Path) -> None:
    shutil.move(folder / "solution.csv", folder.parent / "s.csv")
    (folder / "solution.csv").symlink_to(folder.parent / "s.csv")


def link_baseline(folder: Path) -> None:
    (folder / "baselines" / "x.csv").symlink_to(folder / "solution.csv")


def link_baselines(folder: Path) -> None:
    shutil.move(folder / "baselines", folder.parent / "b")
    (folder / "baselines").symlink_to(folder.parent / "b")


def link_rules(folder: Path) -> None:
    (folder / "rules.md").unlink()
    (folder / "rules.md").symlink_to("/etc/passwd")


def pipe_in_data(folder: Path) -> None:
    os.mkfifo(folder / "data" / "pipe")


def strange_name(folder: Path) -> None:
    (folder / "data" / "a\nb.csv").write_text("x")


def backslash(folder: Path) -> None:
    (folder / "data" / "a\\b.csv").write_text("x")


def folder_for_a_file(folder: Path) -> None:
    (folder / "rules.md").unlink()
    (folder / "rules.md").mkdir()


def no_data(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    (folder / "data").mkdir()


def large_rules(folder: Path) -> None:
    (folder / "rules.md").write_text("x" * (2**20 + 1))


def nul_in_rules(folder: Path) -> None:
    (folder / "rules.md").write_text("Be\0fair")


def wrong_baseline(folder: Path) -> None:
    (folder / "baselines" / "notes.txt").write_text("x")


@pytest.mark.parametrize(
    ("spoil", "code", "file"),
    [
        (link_a_data_file, "file:link", "data/passwd"),
        (link_a_data_folder, "file:link", "data/etc"),
        (link_data, "file:link", "data"),
        (link_solution, "file:link", "solution.csv"),
        (link_baseline, "file:link", "baselines/x.csv"),
        (link_baselines, "file:link", "baselines"),
        (link_rules, "file:link", "rules.md"),
        (pipe_in_data, "file:kind", "data/pipe"),
        (strange_name, "file:name", "data/a\\nb.csv"),
        (backslash, "file:name", "data/a\\b.csv"),
        (folder_for_a_file, "file:kind", "rules.md"),
        (no_data, "file:missing", "data"),
        (large_rules, "file:large", "rules.md"),
        (nul_in_rules, "file:encoding", "rules.md"),
        (wrong_baseline, "file:name", "baselines/notes.txt"),
    ],
)
def test_what_cannot_be_published_is_refused(
    folder: Path, spoil: Callable[[Path], None], code: str, file: str
) -> None:
    spoil(folder)
    assert [(f.code, f.file) for f in look_at(folder).findings] == [(code, file)]


def copy_solution(folder: Path) -> None:
    shutil.copy(folder / "solution.csv", folder / "data" / "old.csv")


def merge_answers(folder: Path) -> None:
    answers = (folder / "solution.csv").read_text().splitlines()
    test = (folder / "data" / "test.csv").read_text().splitlines()
    rows = [f"{t},{a.split(',')[1]}" for t, a in zip(test, answers, strict=True)]
    (folder / "data" / "old.csv").write_text("\n".join(rows[:40]))


def shuffle_answers(folder: Path) -> None:
    rows = (folder / "solution.csv").read_text().splitlines()
    turned = [",".join(reversed(row.split(","))) for row in rows]
    (folder / "data" / "old.csv").write_text("\n".join([turned[0], *reversed(turned[1:])]))


def drop_header(folder: Path) -> None:
    rows = (folder / "solution.csv").read_text().splitlines()
    (folder / "data" / "old.csv").write_text("1,9\n" + "\n".join(rows[1:]))


def write_other_decimals(folder: Path) -> None:
    rows = (folder / "solution.csv").read_text().splitlines()
    (folder / "data" / "old.csv").write_text("\n".join([rows[0], *(f"{r}00" for r in rows[1:])]))


@pytest.mark.parametrize(
    "hide", [copy_solution, merge_answers, shuffle_answers, drop_header, write_other_decimals]
)
def test_answers_among_the_public_files_are_refused(
    folder: Path, hide: Callable[[Path], None]
) -> None:
    hide(folder)
    found = [(f.code, f.file) for f in look_at(folder).findings]
    assert found == [("leak:answers", "data/old.csv")]


def test_sample_and_guesses_among_the_public_files_are_no_leak(folder: Path) -> None:
    data = folder / "data"
    shutil.copy(folder / "sample_submission.csv", data)
    shutil.copy(folder / "baselines" / "film-mean.csv", data)
    (data / "ids.csv").write_text("id\n1\n2\n3\n")
    (data / "picture.png").write_bytes(bytes(range(256)) * 100)
    (data / "empty").write_bytes(b"")
    assert look_at(folder).findings == ()


def test_one_constant_class_is_no_leak(folder: Path) -> None:
    plan = read_pack(folder).plan
    (folder / "solution.csv").write_text("id,rating\n" + "".join(f"{n},1\n" for n in range(9)))
    (folder / "data" / "sample.csv").write_text("id,rating\n" + "".join(f"{n},1\n" for n in (3, 4)))
    found = leaks.find(folder / "solution.csv", folder, {"data": ("sample.csv",)}, plan)
    assert found == []


def test_second_answer_column_beside_a_guess_is_refused(folder: Path) -> None:
    toml = folder / "challenge.toml"
    target = '[[submission.targets]]\nname = "{}"\nminimum = 0\nmaximum = 99\n'
    text = toml.read_text().replace('name = "rmse"', 'name = "mean_columnwise_rmse"')
    text = text.replace('[[metrics]]\nname = "mae"\n', "")
    toml.write_text(text.replace("[answers]", target.format("other") + "[answers]"))
    rows = [f"{n},{n % 5 + 1},{n}" for n in range(60)]
    (folder / "solution.csv").write_text("\n".join(["id,rating,other", *rows]))
    guess = [f"{n},3,{n}" for n in range(60)]
    (folder / "data" / "old.csv").write_text("\n".join(["id,rating,other", *guess]))
    (finding,) = look_at(folder).findings
    assert finding.text.startswith('data/old.csv has the answers of column "other" for 60 rows')


def test_strangers_and_hidden_files_are_warned_of(folder: Path) -> None:
    (folder / "solutions.csv").write_text("x")
    (folder / "notebook.ipynb").write_text("x")
    (folder / ".git").mkdir()
    (folder / "data" / ".DS_Store").write_text("x")
    reading = look_at(folder)
    assert reading.pack is not None
    assert [(w.code, w.file, w.hint) for w in reading.warnings] == [
        ("file:hidden", "data/.DS_Store", ""),
        ("file:unknown", "notebook.ipynb", "Participants' files belong into data/."),
        ("file:unknown", "solutions.csv", "Did you mean solution.csv?"),
    ]

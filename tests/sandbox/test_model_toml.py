"""palio-model.toml: what it may say, and the words for every mistake."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox import model_toml
from palio.sandbox.model_toml import FILE, ModelToml
from palio.sandbox.spec import ImageRefusedError


def refused(folder: Path, text: str | bytes) -> tuple[str, str]:
    """Return code and words for a folder whose file says this."""
    (folder / FILE).write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ImageRefusedError) as caught:
        model_toml.read(folder)
    return caught.value.code, caught.value.text


def test_command_and_name_are_read(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    (tmp_path / FILE).write_text('command = ["python", "main.py", "-v"]\nname = "Ridge, no. 3"\n')
    assert model_toml.read(tmp_path) == ModelToml(("python", "main.py", "-v"), "Ridge, no. 3")


@pytest.mark.parametrize(
    "command",
    [["python", "-m", "model"], ["sh", "-c", "true"], ["python"], ["/usr/bin/env", "x"], ["mine"]],
)
def test_command_that_starts_no_file_of_the_folder_is_left_alone(
    tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / FILE).write_text(f"command = {command!r}")
    assert model_toml.read(tmp_path).command == tuple(command)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "model:command", f"{FILE} does not say how to start the code."),
        ("command = 'x'", "model:command", f"{FILE}, line 1: command is one text."),
        ("\ncommand = []", "model:command", f"{FILE}, line 2: command is empty."),
        ("command = ['']", "model:command", f"{FILE}, line 1: command is empty."),
        ("command = [1]", "model:command", f"{FILE}, line 1: command is no list of texts."),
        ("command = 3", "model:command", f"{FILE}, line 1: command is no list of texts."),
        (
            'command = ["a\\u0000"]',
            "model:command",
            f"{FILE}, line 1: command is too long, or has a zero character.",
        ),
        (
            "command = ['x']\ntimeout = 3",
            "model:key",
            f"{FILE}, line 2 says 'timeout', which means nothing here.",
        ),
        (
            "command = ['x']\n[env]\nA = 'b'",
            "model:key",
            f"{FILE}, line 2 says 'env', which means nothing here.",
        ),
        (
            "name = 3\ncommand = ['x']",
            "model:name",
            f"{FILE}, line 1: name is not a plain text of at most 100 characters.",
        ),
        (
            "command = ['python', 'main.py']",
            "model:file",
            f"{FILE}, line 1: command starts 'main.py', which is not in the folder.",
        ),
        (
            "command = ['./run']",
            "model:file",
            f"{FILE}, line 1: command starts './run', which is not in the folder.",
        ),
        (
            "command = ['sh', '../../etc/passwd']",
            "model:file",
            f"{FILE}, line 1: command starts '../../etc/passwd', which is not in the folder.",
        ),
        (
            f"command = ['python', '{'x' * 300}']",
            "model:file",
            f"{FILE}, line 1: command starts '{'x' * 100}', which is not in the folder.",
        ),
        (b"\xff\xfe", "model:unreadable", f"{FILE} is not in UTF-8."),
        ("#" * 70_000, "model:unreadable", f"{FILE} is larger than 64 KiB."),
    ],
)
def test_mistake_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, code: str, words: str
) -> None:
    assert refused(tmp_path, text) == (code, words)


def test_text_that_is_no_toml_is_told_with_its_place(tmp_path: Path) -> None:
    code, words = refused(tmp_path, "command = [\n'x'\n")
    assert code == "model:toml"
    assert words.startswith(f"{FILE} is not TOML: ")
    assert "line 3" in words or "end of document" in words


def test_folder_without_the_file_is_told_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(ImageRefusedError) as caught:
        model_toml.read(tmp_path)
    assert (caught.value.code, caught.value.text) == ("model:missing", f"There is no {FILE}.")


def test_file_in_a_folder_of_the_folder_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / FILE).write_text("command = ['x']")
    with pytest.raises(ImageRefusedError) as caught:
        model_toml.read(tmp_path)
    assert caught.value.text == f"{FILE} is in the folder 'mine', not at the top."


def test_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("command = ['x']")
    (tmp_path / FILE).symlink_to("other")
    with pytest.raises(ImageRefusedError) as caught:
        model_toml.read(tmp_path)
    assert caught.value.code == "model:missing"


@given(text=st.text() | st.text().map(lambda key: f"command = ['x']\n{key} = 1"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        model = model_toml.parse(text)
    except ImageRefusedError as error:
        code = error.code
    else:
        code = "model:" * bool(model.command)
    assert code.startswith("model:")


@given(
    command=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1
    ).filter(lambda words: len(words) <= model_toml.WORDS_MAX)
)
def test_every_command_comes_back_as_written(command: list[str]) -> None:
    written = ", ".join(
        '"' + "".join(f"\\U{ord(letter):08x}" for letter in word) + '"' for word in command
    )
    assert model_toml.parse(f"command = [{written}]").command == tuple(command)

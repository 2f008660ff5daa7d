"""The line index agrees with the standard library's parser on what is there, and knows where."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.toml_lines import KeyPath, lines_of


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    yield path
    if isinstance(value, dict):
        children = list(value.items())
    else:
        children = list(enumerate(value)) if isinstance(value, list) else []
    for key, child in children:
        yield from paths(child, (*path, key))


CASES: list[tuple[str, dict[KeyPath, int]]] = [
    ("", {(): 1}),
    ("a = 1", {(): 1, ("a",): 1}),
    ("\n# note\n\na=1 # x = 2\nb =2\n", {(): 1, ("a",): 4, ("b",): 5}),
    ("a.b.c = 1\na.d = 2", {(): 1, ("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1, ("a", "d"): 2}),
    ("[t]\nx = 1\n[t.u]\ny = 2", {(): 1, ("t",): 1, ("t", "x"): 2, ("t", "u"): 3,
                                  ("t", "u", "y"): 4}),
    ("[t.u]\n[t]\nx=1", {(): 1, ("t",): 1, ("t", "u"): 1, ("t", "x"): 3}),
    ("[[p]]\nn = 1\n\n[[p]]\nn = 2", {(): 1, ("p",): 1, ("p", 0): 1, ("p", 0, "n"): 2,
                                     ("p", 1): 4, ("p", 1, "n"): 5}),
    ("[[p]]\n[[p.q]]\na=1\n[[p.q]]\na=2\n[p.r]\nb=3\n[[p]]\n[[p.q]]\na=4",
     {(): 1, ("p",): 1, ("p", 0): 1, ("p", 0, "q"): 2, ("p", 0, "q", 0): 2,
      ("p", 0, "q", 0, "a"): 3, ("p", 0, "q", 1): 4, ("p", 0, "q", 1, "a"): 5,
      ("p", 0, "r"): 6, ("p", 0, "r", "b"): 7, ("p", 1): 8, ("p", 1, "q"): 9,
      ("p", 1, "q", 0): 9, ("p", 1, "q", 0, "a"): 10}),
    ("q = { a = 1, b.c = 2 }", {(): 1, ("q",): 1, ("q", "a"): 1, ("q", "b"): 1,
                                ("q", "b", "c"): 1}),
    ("a = [\n  1,\n  2, # two\n  [3,\n   4],\n]\nb = 1",
     {(): 1, ("a",): 1, ("a", 0): 2, ("a", 1): 3, ("a", 2): 4, ("a", 2, 0): 4, ("a", 2, 1): 5,
      ("b",): 7}),
    ("a = [{x = 1}, {x = 2}]\nb = {}\nc = []",
     {(): 1, ("a",): 1, ("a", 0): 1, ("a", 0, "x"): 1, ("a", 1): 1, ("a", 1, "x"): 1, ("b",): 2,
      ("c",): 3}),
    ('a = """\nb = 1\n[c]\n"""\nd = 1', {(): 1, ("a",): 1, ("d",): 5}),
    ("a = '''\nb = 1 \\'''\nd = 1", {(): 1, ("a",): 1, ("d",): 3}),
    ('a = """x\\"""y"""\nb = 1', {(): 1, ("a",): 1, ("b",): 2}),
    ('a = """two quotes"""""\nb = 1', {(): 1, ("a",): 1, ("b",): 2}),
    ('a = """"""\nb = ""\nc = \'\'', {(): 1, ("a",): 1, ("b",): 2, ("c",): 3}),
    ('a = "# \\" ] }"\nb = \'# " \\\'\nc = 1', {(): 1, ("a",): 1, ("b",): 2, ("c",): 3}),
    ('"a b" = 1\n\'c.d\'.e = 2\n"\\u00e9" = 3\n"" = 4',
     {(): 1, ("a b",): 1, ("c.d",): 2, ("c.d", "e"): 2, ("é",): 3, ("",): 4}),
    ("a = 2026-11-22 10:00:00Z\nb = 10:00:00\nc = +1_0.5e-3\nd = inf\ne = true",
     {(): 1, ("a",): 1, ("b",): 2, ("c",): 3, ("d",): 4, ("e",): 5}),
    ("a = 1\r\n[t]\r\nb = '''\r\n'''\r\nc = 1\r\n",
     {(): 1, ("a",): 1, ("t",): 2, ("t", "b"): 3, ("t", "c"): 5}),
    ("[ t . u ]\n a . b = 1", {(): 1, ("t",): 1, ("t", "u"): 1, ("t", "u", "a"): 2,
                               ("t", "u", "a", "b"): 2}),
    ("[a]\n1.2 = 3\n[a.-]\n_ = [[], [[]]]",
     {(): 1, ("a",): 1, ("a", "1"): 2, ("a", "1", "2"): 2, ("a", "-"): 3, ("a", "-", "_"): 4,
      ("a", "-", "_", 0): 4, ("a", "-", "_", 1): 4, ("a", "-", "_", 1, 0): 4}),
    ("a = [ # ]\n'''\n]''', \"]\" ]\nb = 1", {(): 1, ("a",): 1, ("a", 0): 2, ("a", 1): 3,
                                            ("b",): 4}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_every_key_has_its_line(text: str, expected: dict[KeyPath, int]) -> None:
    assert lines_of(text) == expected
    assert set(expected) == set(paths(tomllib.loads(text)))


KEYS = st.text(alphabet="ab#=.]\"' é\\", max_size=4)
SCALARS = st.one_of(
    st.integers(), st.booleans(), st.floats(allow_nan=False), st.text(alphabet="a#\"'\\\n[]{},=é")
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


class Writer:
    """Writes a document in a drawn style, noting the line of every path as it goes."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[KeyPath, int] = {(): 1}

    def line(self) -> int:
        return self.text.count("\n") + 1

    def note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.line())

    def gap(self) -> str:
        return str(self.draw(st.sampled_from(["", " ", "\t"])))

    def wide_gap(self) -> str:
        return str(self.draw(st.sampled_from(["", " ", "\n", " # ] } ,\n", "\n\n"])))

    def value(self, value: Any, path: KeyPath) -> None:
        if isinstance(value, dict):
            self.inline(value, path)
        elif isinstance(value, list):
            self.array(value, path)
        elif isinstance(value, str):
            self.string(value)
        else:
            self.text += str(value).lower()

    def string(self, value: str) -> None:
        style = self.draw(st.sampled_from(["basic", "literal", "multi", "literal multi"]))
        if style == "literal" and not set(value) & set("'\n"):
            self.text += f"'{value}'"
        elif style == "literal multi" and "'''" not in value and not value.endswith("'"):
            self.text += f"'''\n{value}'''"
        elif style == "multi":
            body = value.replace("\\", "\\\\").replace('"""', '""\\"')
            body = body[:-1] + '\\"' if body.endswith('"') else body
            self.text += f'"""\n{body}"""'
        else:
            self.text += quoted(value)

    def array(self, items: list[Any], path: KeyPath) -> None:
        self.text += "["
        for index, item in enumerate(items):
            self.text += self.wide_gap()
            self.note((*path, index))
            self.value(item, (*path, index))
            self.text += self.wide_gap() + ","
        self.text += self.wide_gap() + "]"

    def inline(self, table: dict[str, Any], path: KeyPath) -> None:
        self.text += "{"
        for number, (key, item) in enumerate(table.items()):
            self.text += ("," if number else "") + self.gap()
            self.pair(key, item, path)
        self.text += self.gap() + "}"

    def pair(self, key: str, item: Any, path: KeyPath) -> None:
        self.note((*path, key))
        self.text += quoted(key) + self.gap() + "=" + self.gap()
        self.value(item, (*path, key))

    def table(self, table: dict[str, Any], path: KeyPath, header: str) -> None:
        subtables = {
            key: item
            for key, item in table.items()
            if (item and isinstance(item, list) and all(isinstance(one, dict) for one in item))
            or (isinstance(item, dict) and self.draw(st.booleans()))
        }
        for key, item in table.items():
            if key not in subtables:
                self.text += self.wide_gap().replace("]", "")
                self.pair(key, item, path)
                self.text += "\n"
        for key, item in subtables.items():
            name = f"{header}.{quoted(key)}" if header else quoted(key)
            self.note((*path, key))
            if isinstance(item, dict):
                self.text += f"[{name}]\n"
                self.table(item, (*path, key), name)
                continue
            for index, one in enumerate(item):
                self.note((*path, key, index))
                self.text += f"[[ {name} ]]\n"
                self.table(one, (*path, key, index), name)


@given(document=st.dictionaries(KEYS, VALUES, max_size=5), data=st.data())
def test_any_document_in_any_style_is_indexed_as_written(
    document: dict[str, Any], data: st.DataObject
) -> None:
    writer = Writer(data.draw)
    writer.table(document, (), "")
    assert tomllib.loads(writer.text) == document
    assert lines_of(writer.text) == writer.lines

"""Where each key of a TOML text stands: the parser of the standard library does not say."""

import tomllib
from bisect import bisect_right
from collections.abc import Iterator

KeyPath = tuple[str | int, ...]

_BARE_END = frozenset("=.]} \t\n#,")
_SCALAR_END = frozenset(",]}\n#")
_LONGEST_QUOTE_RUN = 5  # a multi-line string may end in two quotes of its own


def lines_of(text: str) -> dict[KeyPath, int]:
    """Return the 1-based line of every table, key and array element of a valid TOML text.

    Array elements have their index in the path: ``("phases", 0, "name")``. A table has the line
    of its header, or of the first dotted key that makes it.

    Args:
        text: TOML that `tomllib.loads` accepts; for any other text the answer means nothing.

    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.read()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {(): 1}
        self._starts = [0, *(i + 1 for i, c in enumerate(text) if c == "\n")]
        self._tables: dict[KeyPath, int] = {}  # arrays of tables and how many each has so far

    def read(self) -> None:
        table: KeyPath = ()
        while self._skip_to_token():
            if self._here("[["):
                table = self._header(width=2)
            elif self._here("["):
                table = self._header(width=1)
            else:
                self._pair(table)

    def _header(self, *, width: int) -> KeyPath:
        line = self._line()
        self.at += width
        path: KeyPath = ()
        keys = list(self._keys("]"))
        for place, key in enumerate(keys):
            path = (*path, key)
            self.lines.setdefault(path, line)
            is_new = width == 2 and place == len(keys) - 1  # noqa: PLR2004 ([[ ]] adds a table)
            if is_new:
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self.lines.setdefault(path, line)
        self.at += width
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for key in self._keys("="):
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1
        self._value(path)

    def _keys(self, end: str) -> Iterator[str]:
        while True:
            self._skip_blanks()
            yield self._key()
            self._skip_blanks()
            if self._here(end):
                return
            self.at += 1  # the dot

    def _key(self) -> str:
        start = self.at
        if self.text[start] in "\"'":
            self._string()
            quoted = self.text[start : self.at]
            return str(tomllib.loads(f"key = {quoted}")["key"])
        while self.text[self.at] not in _BARE_END:
            self.at += 1
        return self.text[start : self.at]

    def _value(self, path: KeyPath) -> None:
        self._skip_blanks()
        opening = self.text[self.at]
        if opening in "\"'":
            self._string()
        elif opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in _SCALAR_END:
                self.at += 1

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._skip_to_token() and not self._here("]"):
            if self._here(","):
                self.at += 1
                continue
            self.lines[*path, index] = self._line()
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._skip_to_token() and not self._here("}"):
            if self._here(","):
                self.at += 1
            else:
                self._pair(path)
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        fence = quote * 3 if self._here(quote * 3) else quote
        self.at += len(fence)
        while not self._here(fence):
            self.at += 2 if quote == '"' and self._here("\\") else 1
        run = len(fence)
        while len(fence) > 1 and run < _LONGEST_QUOTE_RUN and self._here(quote * (run + 1)):
            run += 1
        self.at += run

    def _skip_to_token(self) -> bool:
        """Skip blanks, line ends and comments; False at the end of the text."""
        while self.at < len(self.text) and self.text[self.at] in " \t\n#":
            if self._here("#"):
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                self.at += 1
        return self.at < len(self.text)

    def _skip_blanks(self) -> None:
        while self.text[self.at] in " \t":
            self.at += 1

    def _here(self, token: str) -> bool:
        return self.text.startswith(token, self.at)

    def _line(self) -> int:
        return bisect_right(self._starts, self.at)

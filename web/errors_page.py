"""Prints the reference of every code a program can meet: ``python -m palio.web.errors_page``."""

import sys
from collections.abc import Iterator

from palio.core.errors import AppError
from palio.pipeline import alarms, supervise  # noqa: F401 (their errors)
from palio.scoring.codes import CODES
from palio.web import app, outcomes, problems, refusals  # noqa: F401 (app: every folder's errors)

_HEAD = """\
# Errors

Written by `python -m palio.web.errors_page > docs/compete/errors.md`; change the code, not the
page.

Every refusal of the server is a problem document (RFC 9457): `code` is stable and for programs,
`detail` says what is wrong and what to do, `findings` lists the single faults with their lines.
`palio … --json` gives the same under `error`. Where waiting helps, `Retry-After` says how long.
Sending a submission again with its `Idempotency-Key` is safe after every one of them.

| code | status | meaning |
|---|---|---|"""
_CLIENT = """
The client's own codes, where no answer came: `connection` (the server cannot be reached),
`not_palio` (something else answers there), `download_damaged` (the file is not the one announced),
`timed_out` (`--wait` took too long; nothing is lost).

## Faults of a prediction file

The codes of `findings`. None of them, and no text beside them, depends on the hidden answers.

| code | meaning |
|---|---|"""
_MODELS = """
## Models that are refused

Codes of `findings` for images (`image:`), zips (`bundle:`), palio-model.toml (`model:`) and, in the
smoke run, for what the program left (`output:`). Each comes with words on what to do; none costs a
try.

| code | meaning |
|---|---|"""
_OUTCOMES = """
## How a run ends

The `outcome` of the smoke run and of the hidden run. After the smoke run every one but `finished`
is a refusal (`run:` and the outcome in `findings`): no try is used, the log is shown. In the hidden
run every one but `finished` ends the submission as `failed`: the try is used, and nothing more is
told. A run whose box failed has no outcome: that is our fault, it is tried again, and after the
last attempt the try is given back.

| outcome | what happened | what to do |
|---|---|---|"""


def document() -> str:
    """Give the page as Markdown, with a line feed at the end."""
    return "\n".join(_lines()) + "\n"


def kinds() -> dict[str, type[AppError]]:
    """Return the errors of all folders by their codes; raises `ValueError` when two share one."""
    found: dict[str, type[AppError]] = {}
    for kind in _below(AppError):
        if "code" in vars(kind) and found.setdefault(kind.code, kind) is not kind:
            raise ValueError(f"{kind.__name__} and {found[kind.code].__name__} share {kind.code}")
    return found


def _below(kind: type[AppError]) -> Iterator[type[AppError]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("palio.") and each.__name__ != "HttpError":
            yield each
            yield from _below(each)


def _lines() -> Iterator[str]:
    yield _HEAD
    rows = {code: (kind.status, _meaning(kind)) for code, kind in kinds().items()}
    for status, (code, words) in problems.HTTP_WORDS.items():
        rows.setdefault(code, (status, words))
    for code, (status, words) in sorted(rows.items()):
        yield f"| `{code}` | {status} | {words} |"
    yield _CLIENT
    for code, words in CODES.items():
        yield f"| `{code}` | {words} |"
    yield _MODELS
    for code, words in refusals.CODES.items():
        yield f"| `{code}` | {words} |"
    yield _OUTCOMES
    for outcome, said in outcomes.WORDS.items():
        yield f"| `{outcome}` | {said.words} | {said.hint} |"


def _meaning(kind: type[AppError]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(document())

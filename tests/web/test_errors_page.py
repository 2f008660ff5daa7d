"""The page of error codes says what the code says, and no code means two things."""

import re
from pathlib import Path

from palio.sandbox.outcome import Outcome
from palio.web import outcomes, refusals
from palio.web.errors_page import document, kinds

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "compete" / "errors.md"


def test_page_is_what_the_code_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == document()


def test_every_code_has_one_meaning_in_words_and_a_status_of_an_error() -> None:
    bad = [
        kind.__name__
        for code, kind in kinds().items()
        if not (kind.__doc__ or "").strip() or kind.status < 400 or not code.isidentifier()
    ]
    assert bad == []


def test_every_code_that_refuses_a_model_is_on_the_page_and_no_other() -> None:
    code = re.compile(r'"((?:image|bundle|model|output):[a-z_-]+)"')
    sources = (ROOT / "sandbox").rglob("*.py")
    raised = {each for path in sources for each in code.findall(path.read_text("utf-8"))}
    assert raised == set(refusals.CODES)


def test_every_outcome_has_words() -> None:
    assert set(outcomes.WORDS) == set(Outcome)

"""The page of error codes says what the code says, and no code means two things."""

from pathlib import Path

from palio.web.errors_page import document, kinds

PAGE = Path(__file__).parents[2] / "docs" / "compete" / "errors.md"


def test_page_is_what_the_code_gives() -> None:
    assert PAGE.read_text(encoding="utf-8") == document()


def test_every_code_has_one_meaning_in_words_and_a_status_of_an_error() -> None:
    bad = [
        kind.__name__
        for code, kind in kinds().items()
        if not (kind.__doc__ or "").strip() or kind.status < 400 or not code.isidentifier()
    ]
    assert bad == []

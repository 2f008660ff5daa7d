"""Which texts are fit for storing: a database refuses some, in words that help nobody."""

from palio.core.errors import BadRequestError


class BadTextError(BadRequestError):
    """A text holds a character that is none."""

    code = "bad_text"


def is_storable(text: str) -> bool:
    """Say whether every database takes the text: no NUL, no half of a surrogate pair."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def check_storable(*texts: str) -> None:
    """Refuse texts that cannot be stored.

    Raises:
        BadTextError: See `is_storable`.

    """
    if not all(map(is_storable, texts)):
        raise BadTextError("A text holds a NUL or half a character. Remove it and send it again.")

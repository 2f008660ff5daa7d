"""The one family of errors that people see: a stable code, an HTTP status, words to act on.

AppError
├── NotFoundError       404  also used to hide what someone may not know exists
├── NotSignedInError    401
├── NotAllowedError     403
├── ConflictError       409
├── BadRequestError     400
└── …                   each folder adds its own beside the rule that raises them
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with something a person sent.

    Attributes:
        code: Stable, from a closed list; `group:detail` in lower case, e.g. ``id:missing``.
        text: One sentence a person can act on. Never depends on hidden answers.
        line: 1-based line in the file, or None when no line is to blame.
        file: Name of the file inside a challenge folder, empty for a prediction file.
        hint: What to do about it, empty when the text says it all.

    """

    code: str
    text: str
    line: int | None = None
    file: str = ""
    hint: str = ""


class AppError(Exception):
    """Base of every error whose words reach a person.

    Args:
        detail: One or two sentences: what is wrong with the request and what to do.
        findings: The single faults behind it, where there are several.

    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.findings = findings


class BadRequestError(AppError):
    """The request cannot be understood as it stands."""

    code = "bad_request"
    status = 400


class NotSignedInError(AppError):
    """The request needs somebody to be signed in."""

    code = "not_signed_in"
    status = 401


class NotAllowedError(AppError):
    """The person is known, and may not do this."""

    code = "not_allowed"
    status = 403


class NotFoundError(AppError):
    """It does not exist, or its existence is not this person's business."""

    code = "not_found"
    status = 404


class ConflictError(AppError):
    """The request is sound, and what stands already is against it."""

    code = "conflict"
    status = 409

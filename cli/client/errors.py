"""What can go wrong for a client, in words, with the exit code scripts may rely on."""

from collections.abc import Sequence

from palio.cli.client.answers import Finding

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NOT_ALLOWED = 3
EXIT_NOT_FOUND = 4
EXIT_UNREACHABLE = 5
EXIT_TIMED_OUT = 6


class ClientError(Exception):
    """Base of everything a command reports as one line, never as a traceback.

    Args:
        detail: What is wrong.
        hint: What to do about it; may be empty.

    """

    exit_code = EXIT_REFUSED

    def __init__(self, detail: str, *, hint: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint


class ApiError(ClientError):
    """The server refused, failed, or could not be reached.

    Attributes:
        code: The server's stable code, or ``connection``, ``not_palio``, ``download_damaged``,
            ``timed_out`` for what the client found out itself.
        detail: Words for a person.
        findings: The single faults behind it.
        status: HTTP status; 0 when there was no answer.
        retry_after_seconds: How long the server asks to wait; 0 = it does not say.

    """

    def __init__(
        self,
        detail: str,
        *,
        code: str,
        status: int = 0,
        findings: Sequence[Finding] = (),
        hint: str = "",
    ) -> None:
        super().__init__(detail, hint=hint)
        self.code = code
        self.status = status
        self.findings = tuple(findings)
        self.retry_after_seconds = 0.0
        self.exit_code = exit_code(code=code, status=status)


def exit_code(*, code: str, status: int) -> int:
    """Return the exit code of the command that met this error."""
    if code == "timed_out":
        return EXIT_TIMED_OUT
    if status in (401, 403):
        return EXIT_NOT_ALLOWED
    if status == 404:  # noqa: PLR2004 (the number is the name)
        return EXIT_NOT_FOUND
    if status == 0 or status >= 500:  # noqa: PLR2004 (the number is the name)
        return EXIT_UNREACHABLE
    return EXIT_REFUSED

"""Everything a person can be told about data files that does not allow what was asked."""

from palio.core.errors import AppError, ConflictError, NotFoundError


class DataRefusedError(AppError):
    """A data folder has files that cannot be offered; `findings` names every one of them."""

    code = "data_refused"
    status = 422


class DataTooLargeError(AppError):
    """The files of a data folder are larger together than the limit."""

    code = "data_too_large"
    status = 413


class DataFileNotFoundError(NotFoundError):
    """The challenge has no such file."""

    code = "data_file_not_found"


class VersionTakenError(ConflictError):
    """Two people added a version of the same thing at the same moment."""

    code = "version_taken"


class RangeNotSatisfiableError(AppError):
    """The range asked for begins after the end of the file.

    Attributes:
        size: Bytes of the whole file, for the header ``Content-Range: bytes */size``.

    """

    code = "range_not_satisfiable"
    status = 416

    def __init__(self, *, size: int) -> None:
        super().__init__(f"The file has {size:,} bytes; the range asked for lies behind its end.")
        self.size = size

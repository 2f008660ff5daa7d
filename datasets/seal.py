"""Where sealed answers are put away and opened: the scoring step alone imports this."""

from pathlib import Path

from palio.core.storage import Blob, Storage
from palio.datasets.contracts import AnswerKeyRef
from palio.scoring.key import AnswerKey


def seal(
    *,
    ids_path: Path,
    sealed_path: Path,
    ids_storage: Storage,
    sealed_storage: Storage,
) -> tuple[Blob, Blob]:
    """Store both files of a compiled answer key; return the blobs of ids and of answers.

    Raises:
        StorageFullError: No room.

    """
    ids = ids_storage.keep_file(ids_path, limit_bytes=ids_path.stat().st_size)
    sealed = sealed_storage.keep_file(sealed_path, limit_bytes=sealed_path.stat().st_size)
    return ids, sealed


def open_key(*, ids_storage: Storage, sealed_storage: Storage, key: AnswerKeyRef) -> AnswerKey:
    """Map an answer key.

    Raises:
        BlobMissingError: A file of it is not in its store.
        KeyFileError: A file of it is damaged.

    """
    return AnswerKey.open(ids_storage.path(key.ids_sha256), sealed_storage.path(key.sealed_sha256))

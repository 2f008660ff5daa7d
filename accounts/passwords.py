"""Password hashes: slow on purpose, so a fixed number at a time and the rest waits or is told."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import argon2

from palio.accounts.errors import ServerBusyError

# OWASP ASVS 5.0, 11.4.2: argon2id with at least 19 MiB, two passes, one lane.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
WAITING_PER_THREAD = 100  # about three seconds of work on a small machine


class Passwords:
    """Hashes and checks passwords in the caller's thread, `threads` of them at a time.

    Never call it inside a unit of work: a transaction would wait for it.

    Args:
        threads: How many run at once; each takes 19 MiB.
        waiting_max: How many more may wait; None = 100 for each thread.

    """

    def __init__(self, *, threads: int, waiting_max: int | None = None) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=argon2.Type.ID
        )
        waiting = WAITING_PER_THREAD * threads if waiting_max is None else waiting_max
        self._running = threading.Semaphore(threads)
        self._places = threading.Semaphore(threads + waiting)
        # Checked for handles that nobody has, so that the time of the answer tells nothing.
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    def hash_password(self, text: str) -> str:
        """Return the hash, with its parameters and a fresh salt.

        Raises:
            ServerBusyError: Too many wait already.

        """
        with self._turn():
            return self._hasher.hash(_raw(text))

    def verify_password(self, text: str, password_hash: str | None) -> tuple[bool, bool]:
        """Return (is it right, should it be hashed anew because the parameters have changed).

        Args:
            text: As typed; nothing is trimmed or normalised.
            password_hash: None = there is no such person: always wrong, after the same time.

        Raises:
            ServerBusyError: Too many wait already.

        """
        known = self._nobody if password_hash is None else password_hash
        with self._turn():
            try:
                self._hasher.verify(known, _raw(text))
            except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
                return False, False
        if password_hash is None:
            return False, False
        return True, self._hasher.check_needs_rehash(password_hash)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise ServerBusyError
        try:
            with self._running:
                yield
        finally:
            self._places.release()


def _raw(text: str) -> bytes:
    # JSON can carry halves of surrogate pairs; they are as good in a password as anything.
    return text.encode("utf-8", "surrogatepass")

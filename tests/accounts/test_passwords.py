"""Hashes that hold, and a checker that says when it is busy."""

import threading

import argon2
import pytest

from palio.accounts.errors import ServerBusyError
from palio.accounts.passwords import LANES, MEMORY_KIB, PASSES, Passwords

PASSWORD = "correct horse battery"  # noqa: S105 (a test's)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(threads=2)


def test_hash_is_argon2id_with_at_least_the_advised_cost(passwords: Passwords) -> None:
    found = argon2.extract_parameters(passwords.hash_password(PASSWORD))
    assert found.type is argon2.Type.ID
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19456, 2, 1)
    assert (MEMORY_KIB, PASSES, LANES) == (19456, 2, 1)


@pytest.mark.parametrize("text", [PASSWORD, "a\0b" * 5, "\ud800" * 12, "ж" * 1024])
def test_password_is_verified_as_typed(passwords: Passwords, text: str) -> None:
    known = passwords.hash_password(text)
    assert passwords.verify_password(text, known) == (True, False)
    assert passwords.verify_password(text + " ", known) == (False, False)


def test_hash_with_other_parameters_is_to_be_made_anew(passwords: Passwords) -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert passwords.verify_password(PASSWORD, old) == (True, True)


@pytest.mark.parametrize("known", [None, "", "no hash", "$argon2id$broken"])
def test_password_of_nobody_is_wrong(passwords: Passwords, known: str | None) -> None:
    assert passwords.verify_password(PASSWORD, known) == (False, False)


def test_checker_with_no_place_to_wait_says_so_and_goes_on_after() -> None:
    passwords = Passwords(threads=1, waiting_max=0)
    results: list[str] = []
    start = threading.Barrier(8)

    def hash_one() -> None:
        start.wait()
        try:
            passwords.hash_password(PASSWORD)
            results.append("done")
        except ServerBusyError:
            results.append("busy")

    threads = [threading.Thread(target=hash_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert "done" in results
    assert passwords.verify_password(PASSWORD, passwords.hash_password(PASSWORD)) == (True, False)


def test_checker_is_busy_while_its_only_place_is_taken() -> None:
    passwords = Passwords(threads=1, waiting_max=0)
    with passwords._turn(), pytest.raises(ServerBusyError):
        passwords.hash_password(PASSWORD)
    assert passwords.hash_password(PASSWORD).startswith("$argon2id$")

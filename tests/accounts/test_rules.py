"""Names, passwords, limits and team rules, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.accounts import rules
from palio.accounts.errors import (
    BadEmailError,
    BadHandleError,
    BadLinkError,
    BadNameError,
    BadTermError,
    TeamFrozenError,
    TeamFullError,
    TooManyTriesError,
    WeakPasswordError,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECONDS = st.integers(min_value=0, max_value=2000)


@pytest.mark.parametrize("text", ["ana", "a-1", "0_0", "x" * 32, " Ana ", "ANA"])
def test_handle_of_allowed_form_is_lower_cased(text: str) -> None:
    assert rules.clean_handle(text) == text.strip().lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab",
        "x" * 33,
        "-ab",
        "_ab",
        "a b",
        "änne",
        "a.b",
        "ana\0",
        "ana\n\n!",
        "admin",
        "ME",
        "API",
    ],
)
def test_handle_of_other_form_or_reserved_is_refused(text: str) -> None:
    with pytest.raises(BadHandleError):
        rules.clean_handle(text)


@given(st.text())
def test_handle_once_clean_stays_as_it_is(text: str) -> None:
    try:
        clean = rules.clean_handle(text)
    except BadHandleError:
        return
    assert rules.clean_handle(clean) == clean


@given(st.text(max_size=80))
def test_name_once_clean_stays_as_it_is_and_fits(text: str) -> None:
    try:
        clean = rules.clean_name(text, what="name")
    except BadNameError:
        return
    assert rules.clean_name(clean, what="name") == clean
    assert 1 <= len(clean) <= 60


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  Ana   Lima ", "Ana Lima"),
        ("Ana\u00a0Lima", "Ana Lima"),
        ("Jose\u0301", "José"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("李明", "李明"),
    ],
)
def test_name_is_composed_and_spaced(text: str, clean: str) -> None:
    assert rules.clean_name(text, what="name") == clean


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\u200d",
        "x" * 61,
        "a\nb",
        "a\tb",
        "a\x00b",
        "a\u202eb",
        "a\u2066b",
        "a\u2028b",
        "\ud800",
        "\ufeffa",
    ],
)
def test_name_that_cannot_be_shown_safely_is_refused(text: str) -> None:
    with pytest.raises(BadNameError):
        rules.clean_name(text, what="name")


@given(st.text(max_size=80))
def test_name_key_is_its_own_key(text: str) -> None:
    key = rules.name_key(text)
    assert rules.name_key(key) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Team A", "TEAM a"),
        ("\uff34\uff25\uff21\uff2d", "team"),
        ("Straße", "STRASSE"),
        ("a\u200db", "ab"),
    ],
)
def test_names_that_look_the_same_have_one_key(one: str, other: str) -> None:
    assert rules.name_key(one) == rules.name_key(other)


@pytest.mark.parametrize("text", [None, "", "  "])
def test_email_left_out_is_none(text: str | None) -> None:
    assert rules.clean_email(text) is None


@pytest.mark.parametrize(
    "text", ["a", "a@", "@b", "a b@c", "a@b@c", "a@b\nBcc: c@d", "a" * 65 + "@b", "a@" + "b" * 253]
)
def test_email_of_other_form_is_refused(text: str) -> None:
    with pytest.raises(BadEmailError):
        rules.clean_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "x" * 1025,
        "aaaaaaaaaaaa",
        "abababababab",
        "abcabcabcabc",
        "123456789012",
        "198419841984",
        "qwertyuiopas",
        "zyxwvutsrqponm",
        "Password1234!",
        "P@ssw0rd2026!!",
        "passwordpassword",
        "letmein-letmein",
        "ana-lima-2026",
        "2026AnaLima2026ANALIMA"[:12] + "--analima",
    ],
)
def test_password_guessed_first_is_refused(text: str) -> None:
    with pytest.raises(WeakPasswordError):
        rules.check_new_password(text, handle="analima", min_chars=12)


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery",
        "tulip-anvil-monsoon",
        "Kartoffelsalat mit Ei",
        "ж" * 4 + "лопата снег",
        "x7#kQ" * 4 + "zz!",
    ],
)
def test_password_of_some_words_is_accepted_without_rules_on_characters(text: str) -> None:
    rules.check_new_password(text, handle="analima", min_chars=12)


@given(st.lists(SECONDS, max_size=20), st.integers(min_value=1, max_value=10))
def test_waiting_as_long_as_told_is_enough(ages: list[int], limit: int) -> None:
    times = sorted((NOW - timedelta(seconds=age) for age in ages), reverse=True)[:limit]
    inside = [time for time in times if time > NOW - rules.TRIES_WINDOW]
    try:
        rules.check_tries(times, limit=limit, now=NOW)
    except TooManyTriesError as error:
        assert len(inside) == limit
        later = NOW + timedelta(seconds=error.retry_after_seconds)
        rules.check_tries(times, limit=limit, now=later)
    else:
        assert len(inside) < limit


def test_link_is_good_until_it_expires_or_is_used_up() -> None:
    rules.check_link(expires_at=NOW + timedelta(seconds=1), uses_left=1, now=NOW)
    for expires_at, uses_left in ((NOW, 1), (NOW + timedelta(days=1), 0)):
        with pytest.raises(BadLinkError):
            rules.check_link(expires_at=expires_at, uses_left=uses_left, now=NOW)


@pytest.mark.parametrize(
    ("value", "is_fine"), [(0, False), (1, True), (9, True), (10, False), (-1, False)]
)
def test_term_outside_its_range_is_refused(value: int, *, is_fine: bool) -> None:
    if is_fine:
        rules.check_term(value, what="Days", maximum=9)
        return
    with pytest.raises(BadTermError):
        rules.check_term(value, what="Days", maximum=9)


@given(
    members=st.integers(0, 9), maximum=st.integers(1, 9), deadline=st.none() | SECONDS, at=SECONDS
)
def test_team_takes_a_member_with_a_place_free_before_the_deadline(
    members: int, maximum: int, deadline: int | None, at: int
) -> None:
    start = NOW
    merge_deadline = None if deadline is None else start + timedelta(seconds=deadline)
    now = start + timedelta(seconds=at)
    try:
        rules.check_may_join(
            members=members, max_members=maximum, merge_deadline=merge_deadline, now=now
        )
    except TeamFrozenError:
        assert deadline is not None
        assert at >= deadline
    except TeamFullError:
        assert members >= maximum
    else:
        assert members < maximum
        assert deadline is None or at < deadline


def test_nobody_leaves_after_the_first_submission() -> None:
    rules.check_may_leave(first_submission_at=None)
    with pytest.raises(TeamFrozenError):
        rules.check_may_leave(first_submission_at=NOW)


def test_captaincy_passes_to_the_longest_member_then_the_smaller_id() -> None:
    early, late = NOW, NOW + timedelta(seconds=1)
    assert rules.next_captain([(late, "a"), (early, "c"), (early, "b")]) == "b"
    assert rules.next_captain([]) is None

"""Row by row: who may do what. One letter for each caller, in the order of the matrix."""

import pytest

from palio.accounts.access import Action, check, may
from palio.accounts.contracts import Caller, Person, Role, Scope
from palio.accounts.errors import ScopeTooLowError
from palio.core.errors import NotAllowedError, NotFoundError, NotSignedInError

HERE = "this challenge"


def caller(
    *, is_admin: bool = False, scope: Scope = Scope.ORGANIZE, bound: str | None = None
) -> Caller:
    person = Person(id="p", handle="ana", display_name="Ana", is_admin=is_admin)
    return Caller(person=person, scope=scope, challenge_id=bound)


# Columns of the matrix: spectator, participant on what is their own, participant on what is
# another team's, organizer here, organizer of another challenge, judge here, administrator.
COLUMNS = [
    (None, frozenset(), False),
    (caller(), frozenset(), True),
    (caller(), frozenset(), False),
    (caller(), frozenset({Role.ORGANIZER}), False),
    (caller(), frozenset(), False),
    (caller(), frozenset({Role.JUDGE}), False),
    (caller(is_admin=True), frozenset(), False),
]
# y = yes, . = no
OPEN = {
    Action.READ_CHALLENGE: "yyyyyyy",
    Action.READ_DATA: ".yyyyyy",
    Action.CREATE_CHALLENGE: ".yyyyyy",
    Action.EDIT_CHALLENGE: "...y..y",
    Action.EDIT_DRAFT: "...y...",
    Action.REPLACE_ANSWERS: "...y...",
    Action.READ_ANSWERS: "...y..y",
    Action.SUBMIT: ".yy.y.y",
    Action.SUBMIT_BASELINE: "...y...",
    Action.READ_SUBMISSION: ".y.y.yy",
    Action.READ_SUBMISSION_FILE: ".y.y.yy",
    Action.READ_PRIVATE_SCORE: ".......",
    Action.READ_RUN_LOG: ".y.y.yy",
    Action.READ_HIDDEN_LOG: "...y..y",
    Action.CHOOSE_FINALS: ".y.....",
    Action.CHANGE_SCHEDULE: "...y..y",
    Action.JUDGE_RESULTS: "...y..y",
    Action.MANAGE_TEAM: ".y.y..y",
    Action.READ_QUOTA: ".y.y.yy",
    Action.GRANT_TRIES: "...y..y",
    Action.MAKE_JOIN_LINK: "...y..y",
    Action.GRANT_ROLE: "...y..y",
    Action.READ_HOST: "...y.yy",
    Action.MANAGE_TOKENS: ".y.....",
    Action.READ_TOKENS: ".y.....",
    Action.REVOKE_TOKEN: ".y....y",
    Action.READ_MESSAGES: ".y.....",
    Action.READ_EVIDENCE: "...y.yy",
    Action.WORK_CASE: "...y.y.",
    Action.DECIDE_APPEAL: "...y.yy",
    Action.READ_CASE: ".y.y.yy",
    Action.ANSWER_CASE: ".y.....",
    Action.READ_AWARD: ".y.y.yy",
    Action.TAKE_AWARD: ".yyyyyy",
    Action.SPEAK: ".yyyyyy",
    Action.EDIT_PROFILE: ".y.....",
    Action.READ_AUDIT: ".y.y..y",
    Action.ADMINISTER: "......y",
}
DRAFT = OPEN | {
    Action.READ_CHALLENGE: "...y..y",
    Action.READ_DATA: ".......",
    Action.EDIT_CHALLENGE: ".......",
    Action.SUBMIT: ".......",
    Action.SPEAK: ".......",
}
REVEALED = OPEN | {Action.READ_PRIVATE_SCORE: "yyyyyyy"}
NEEDS_SUBMIT = {
    Action.SUBMIT,
    Action.ANSWER_CASE,
    Action.CHOOSE_FINALS,
    Action.TAKE_AWARD,
    Action.SPEAK,
    Action.EDIT_PROFILE,
    Action.MANAGE_TEAM,
    Action.REVOKE_TOKEN,
}
NEEDS_READ = {
    Action.READ_EVIDENCE,
    Action.READ_CASE,
    Action.READ_AWARD,
    Action.READ_TOKENS,
    Action.READ_MESSAGES,
    Action.READ_CHALLENGE,
    Action.READ_DATA,
    Action.READ_SUBMISSION,
    Action.READ_SUBMISSION_FILE,
    Action.READ_PRIVATE_SCORE,
    Action.READ_RUN_LOG,
    Action.READ_HIDDEN_LOG,
    Action.READ_QUOTA,
    Action.READ_HOST,
    Action.READ_AUDIT,
}


def answers(action: Action, **facts: bool) -> str:
    return "".join(
        "y"
        if may(who, action, challenge_id=HERE, roles=roles, is_own=own, is_captain=own, **facts)
        else "."
        for who, roles, own in COLUMNS
    )


@pytest.mark.parametrize("action", Action)
def test_row_of_an_open_challenge(action: Action) -> None:
    assert answers(action) == OPEN[action]


@pytest.mark.parametrize("action", Action)
def test_row_of_a_draft(action: Action) -> None:
    assert answers(action, is_published=False) == DRAFT[action]


@pytest.mark.parametrize("action", Action)
def test_row_after_the_reveal(action: Action) -> None:
    assert answers(action, is_revealed=True) == REVEALED[action]


def test_member_who_is_not_captain_does_not_manage_the_team() -> None:
    assert not may(caller(), Action.MANAGE_TEAM, challenge_id=HERE, is_own=True)


def everything(who: Caller, action: Action) -> bool:
    """Ask with all in favour of the caller, so that the credential alone decides."""
    kinds = [frozenset(), frozenset({Role.ORGANIZER})]
    return any(
        may(
            who,
            action,
            challenge_id=HERE,
            roles=roles,
            is_own=True,
            is_captain=True,
            is_revealed=True,
        )
        for roles in kinds
    )


@pytest.mark.parametrize("action", Action)
def test_token_reaches_as_far_as_its_scope(action: Action) -> None:
    reach = [
        everything(caller(is_admin=True, scope=scope), action)
        for scope in (Scope.READ, Scope.SUBMIT, Scope.ORGANIZE)
    ]
    assert reach == [action in NEEDS_READ, action in NEEDS_READ | NEEDS_SUBMIT, True]


@pytest.mark.parametrize("action", Action)
def test_token_bound_to_another_challenge_is_worth_nothing(action: Action) -> None:
    bound = caller(is_admin=True, bound="another challenge")
    is_for_anybody = action in {Action.READ_CHALLENGE, Action.READ_PRIVATE_SCORE}
    assert everything(bound, action) is is_for_anybody


@pytest.mark.parametrize("action", Action)
def test_token_bound_to_this_challenge_is_as_good_as_any(action: Action) -> None:
    assert everything(caller(is_admin=True, bound=HERE), action)


@pytest.mark.parametrize(
    ("who", "action", "error"),
    [
        (None, Action.SUBMIT, NotSignedInError),
        (None, Action.READ_SUBMISSION, NotFoundError),
        (caller(), Action.READ_SUBMISSION, NotFoundError),
        (caller(), Action.CHANGE_SCHEDULE, NotAllowedError),
        (caller(scope=Scope.READ), Action.SUBMIT, ScopeTooLowError),
        (caller(bound="another challenge"), Action.SUBMIT, ScopeTooLowError),
    ],
)
def test_refusal_hides_what_is_not_the_callers_business(
    who: Caller | None, action: Action, error: type[Exception]
) -> None:
    with pytest.raises(error):
        check(who, action, challenge_id=HERE)


def test_refusal_of_what_administrators_do_names_them() -> None:
    with pytest.raises(NotAllowedError, match="This is for administrators of this Palio"):
        check(caller(), Action.ADMINISTER, roles=frozenset({Role.ORGANIZER}))


def test_refusal_hides_a_draft_whatever_is_asked() -> None:
    for action in (Action.READ_CHALLENGE, Action.READ_DATA, Action.SUBMIT):
        with pytest.raises(NotFoundError):
            check(caller(), action, challenge_id=HERE, is_published=False)


def test_check_is_silent_where_may_says_yes() -> None:
    check(None, Action.READ_CHALLENGE, challenge_id=HERE)

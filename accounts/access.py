"""The one answer to "may this caller do that?": a table, and nothing is allowed outside it.

Source of the table: the object/role matrix of the design (isolation, section 4.3), narrowed where
the contract of the platform is narrower: private scores before the reveal are for nobody.
Deadlines and states are not here; they are rules of the folders whose states they are.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from palio.accounts.contracts import Caller, Role, Scope
from palio.accounts.errors import ScopeTooLowError
from palio.core.errors import NotAllowedError, NotFoundError, NotSignedInError


class Action(StrEnum):
    """Everything that needs somebody's leave."""

    READ_CHALLENGE = "read_challenge"  # pages, rules, list of files, boards, public scores
    READ_DATA = "read_data"  # downloads; accepting the rules comes on top
    CREATE_CHALLENGE = "create_challenge"
    EDIT_CHALLENGE = "edit_challenge"
    EDIT_DRAFT = "edit_draft"
    REPLACE_ANSWERS = "replace_answers"
    READ_ANSWERS = "read_answers"
    SUBMIT = "submit"  # also create, join and leave one's own team
    SUBMIT_BASELINE = "submit_baseline"
    READ_SUBMISSION = "read_submission"
    READ_SUBMISSION_FILE = "read_submission_file"
    READ_PRIVATE_SCORE = "read_private_score"
    READ_RUN_LOG = "read_run_log"
    READ_HIDDEN_LOG = "read_hidden_log"
    CHOOSE_FINALS = "choose_finals"
    CHANGE_SCHEDULE = "change_schedule"  # deadline, metric, quota
    JUDGE_RESULTS = "judge_results"  # rescore, disqualify, finalise, reveal, confirm awards
    MANAGE_TEAM = "manage_team"  # invite and rename
    READ_QUOTA = "read_quota"
    GRANT_TRIES = "grant_tries"
    MAKE_JOIN_LINK = "make_join_link"
    GRANT_ROLE = "grant_role"
    READ_HOST = "read_host"  # host's page and export
    MANAGE_TOKENS = "manage_tokens"  # make one's own
    READ_TOKENS = "read_tokens"  # list one's own
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 (an action, no secret)
    READ_MESSAGES = "read_messages"  # list one's own, and mark them as read
    READ_EVIDENCE = "read_evidence"  # the desk: findings about all teams
    WORK_CASE = "work_case"  # scan, dismiss, open, notify, decide: by people of the challenge
    DECIDE_APPEAL = "decide_appeal"  # by somebody else than who decided
    READ_CASE = "read_case"
    ANSWER_CASE = "answer_case"  # reply and appeal
    READ_AWARD = "read_award"  # its file: gates, split, payments
    TAKE_AWARD = "take_award"  # accept, hand in, sign, say that money arrived: as the team
    SPEAK = "speak"  # rate and thank people of the challenge
    EDIT_PROFILE = "edit_profile"  # hide it, take invitations
    READ_AUDIT = "read_audit"
    ADMINISTER = "administer"


class _Who(Enum):
    """What a caller can be to the object."""

    ANYBODY = auto()
    SIGNED_IN = auto()
    COMPETITOR = auto()  # signed in, and neither organizer nor judge of the challenge
    OWN = auto()  # it is the caller's or the caller's team's
    CAPTAIN = auto()  # of the team
    JUDGE = auto()
    ORGANIZER = auto()
    ADMIN = auto()


class _When(Enum):
    """What must be true of the challenge, whoever asks."""

    ALWAYS = auto()
    PUBLISHED = auto()
    REVEALED = auto()


@dataclass(frozen=True, slots=True)
class _Rule:
    who: frozenset[_Who]
    scope: Scope = Scope.READ
    when: _When = _When.ALWAYS
    is_hidden: bool = True  # refused callers are told that there is no such thing


def _rule(
    *who: _Who, scope: Scope = Scope.READ, when: _When = _When.ALWAYS, is_hidden: bool = True
) -> _Rule:
    return _Rule(frozenset(who), scope, when, is_hidden)


_HOSTS = (_Who.ORGANIZER, _Who.ADMIN)
_SEE_ENTRIES = (_Who.OWN, _Who.JUDGE, *_HOSTS)
_HOST_DEED = _rule(*_HOSTS, scope=Scope.ORGANIZE, is_hidden=False)

_TABLE = {
    Action.READ_CHALLENGE: _rule(_Who.ANYBODY, when=_When.PUBLISHED),
    Action.READ_DATA: _rule(_Who.SIGNED_IN, when=_When.PUBLISHED, is_hidden=False),
    Action.CREATE_CHALLENGE: _rule(_Who.SIGNED_IN, scope=Scope.ORGANIZE, is_hidden=False),
    Action.EDIT_CHALLENGE: _rule(
        *_HOSTS, scope=Scope.ORGANIZE, when=_When.PUBLISHED, is_hidden=False
    ),
    Action.EDIT_DRAFT: _rule(_Who.ORGANIZER, scope=Scope.ORGANIZE),
    Action.REPLACE_ANSWERS: _rule(_Who.ORGANIZER, scope=Scope.ORGANIZE),
    Action.READ_ANSWERS: _rule(*_HOSTS, scope=Scope.ORGANIZE),
    Action.SUBMIT: _rule(
        _Who.COMPETITOR, scope=Scope.SUBMIT, when=_When.PUBLISHED, is_hidden=False
    ),
    Action.SUBMIT_BASELINE: _rule(_Who.ORGANIZER, scope=Scope.ORGANIZE, is_hidden=False),
    Action.READ_SUBMISSION: _rule(*_SEE_ENTRIES),
    Action.READ_SUBMISSION_FILE: _rule(*_SEE_ENTRIES),
    Action.READ_PRIVATE_SCORE: _rule(_Who.ANYBODY, when=_When.REVEALED),
    Action.READ_RUN_LOG: _rule(*_SEE_ENTRIES),
    Action.READ_HIDDEN_LOG: _rule(*_HOSTS),
    Action.CHOOSE_FINALS: _rule(_Who.OWN, scope=Scope.SUBMIT),
    Action.CHANGE_SCHEDULE: _HOST_DEED,
    Action.JUDGE_RESULTS: _HOST_DEED,
    Action.MANAGE_TEAM: _rule(_Who.CAPTAIN, *_HOSTS, scope=Scope.SUBMIT, is_hidden=False),
    Action.READ_QUOTA: _rule(*_SEE_ENTRIES),
    Action.GRANT_TRIES: _HOST_DEED,
    Action.MAKE_JOIN_LINK: _HOST_DEED,
    Action.GRANT_ROLE: _HOST_DEED,
    Action.READ_HOST: _rule(_Who.JUDGE, *_HOSTS, is_hidden=False),
    Action.MANAGE_TOKENS: _rule(_Who.OWN, scope=Scope.ORGANIZE),
    Action.READ_TOKENS: _rule(_Who.OWN),
    Action.REVOKE_TOKEN: _rule(_Who.OWN, _Who.ADMIN, scope=Scope.SUBMIT),
    Action.READ_MESSAGES: _rule(_Who.OWN),
    Action.READ_EVIDENCE: _rule(_Who.JUDGE, *_HOSTS, is_hidden=False),
    Action.WORK_CASE: _rule(_Who.JUDGE, _Who.ORGANIZER, scope=Scope.ORGANIZE, is_hidden=False),
    Action.DECIDE_APPEAL: _rule(_Who.JUDGE, *_HOSTS, scope=Scope.ORGANIZE, is_hidden=False),
    Action.READ_CASE: _rule(*_SEE_ENTRIES),
    Action.ANSWER_CASE: _rule(_Who.OWN, scope=Scope.SUBMIT),
    Action.READ_AWARD: _rule(*_SEE_ENTRIES),
    # Who asks is checked by the award itself, in words about awards; the token here.
    Action.TAKE_AWARD: _rule(_Who.SIGNED_IN, scope=Scope.SUBMIT, is_hidden=False),
    Action.SPEAK: _rule(_Who.SIGNED_IN, scope=Scope.SUBMIT, when=_When.PUBLISHED, is_hidden=False),
    Action.EDIT_PROFILE: _rule(_Who.OWN, scope=Scope.SUBMIT),
    Action.READ_AUDIT: _rule(_Who.OWN, *_HOSTS),
    Action.ADMINISTER: _rule(_Who.ADMIN, scope=Scope.ORGANIZE, is_hidden=False),
}
# Who reads a challenge before it is published.
_DRAFT = frozenset(_HOSTS)
_REACH = {Scope.READ: 0, Scope.SUBMIT: 1, Scope.ORGANIZE: 2}


def may(
    caller: Caller | None,
    action: Action,
    *,
    challenge_id: str | None = None,
    roles: frozenset[Role] = frozenset(),
    is_own: bool = False,
    is_captain: bool = False,
    is_published: bool = True,
    is_revealed: bool = False,
) -> bool:
    """Say whether a caller may do something; what the table does not allow is refused.

    Args:
        caller: Who asks, None = nobody is signed in.
        action: What is asked for.
        challenge_id: The challenge it is about, None = none.
        roles: The caller's roles on that challenge.
        is_own: The thing is the caller's own, or the caller's team's.
        is_captain: The caller is captain of the team it is about.
        is_published: The challenge is no draft.
        is_revealed: The challenge's private board is public.

    """
    rule = _TABLE[action]
    has_reach = caller is not None and _reaches(caller, rule, challenge_id)
    who = {_Who.ANYBODY}
    if caller is not None and has_reach:
        who |= _relations(caller, roles, is_own=is_own, is_captain=is_captain)
    if rule.when is _When.REVEALED and not is_revealed:
        return False
    if rule.when is not _When.ALWAYS and not is_published:
        return action is Action.READ_CHALLENGE and bool(who & _DRAFT)
    return bool(who & rule.who)


def check(
    caller: Caller | None,
    action: Action,
    *,
    challenge_id: str | None = None,
    roles: frozenset[Role] = frozenset(),
    is_own: bool = False,
    is_captain: bool = False,
    is_published: bool = True,
    is_revealed: bool = False,
) -> None:
    """Raise unless `may` says yes; arguments as there.

    Raises:
        NotFoundError: What exists is not the caller's business.
        NotSignedInError: Nobody is signed in.
        ScopeTooLowError: The token does not reach so far.
        NotAllowedError: The person may not.

    """
    if may(
        caller,
        action,
        challenge_id=challenge_id,
        roles=roles,
        is_own=is_own,
        is_captain=is_captain,
        is_published=is_published,
        is_revealed=is_revealed,
    ):
        return
    rule = _TABLE[action]
    if caller is not None and not _reaches(caller, rule, challenge_id):
        raise ScopeTooLowError(
            f"Your token does not reach so far: this needs the scope {rule.scope.value!r}, and no "
            "binding to another challenge. Make another token."
        )
    if rule.is_hidden or not is_published:
        raise NotFoundError("There is nothing at this address, or it is not for you.")
    if caller is None:
        raise NotSignedInError("Log in first.")
    raise NotAllowedError(_words(action))


def _words(action: Action) -> str:
    if action is Action.SUBMIT:
        return "Organizers and judges do not take part in their own challenge."
    if action is Action.MANAGE_TEAM:
        return "Only the captain of the team may do this."
    if _TABLE[action].who == {_Who.ADMIN}:
        return "This is for administrators of this Palio."
    return "This is for the organizer of the challenge."


def _reaches(caller: Caller, rule: _Rule, challenge_id: str | None) -> bool:
    is_bound_elsewhere = caller.challenge_id is not None and caller.challenge_id != challenge_id
    return not is_bound_elsewhere and _REACH[caller.scope] >= _REACH[rule.scope]


def _relations(
    caller: Caller, roles: frozenset[Role], *, is_own: bool, is_captain: bool
) -> set[_Who]:
    facts = {
        _Who.SIGNED_IN: True,
        _Who.COMPETITOR: not roles,
        _Who.OWN: is_own,
        _Who.CAPTAIN: is_captain,
        _Who.JUDGE: Role.JUDGE in roles,
        _Who.ORGANIZER: Role.ORGANIZER in roles,
        _Who.ADMIN: caller.person.is_admin,
    }
    return {who for who, is_so in facts.items() if is_so}

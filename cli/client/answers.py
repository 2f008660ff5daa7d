"""The server's JSON answers as types, and the check that an answer has the promised shape.

Times are ISO 8601 strings in UTC, scores are decimal strings. Fields a newer server adds are kept.
"""

import types
from typing import (
    Any,
    Literal,
    NotRequired,
    TypedDict,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)


class Finding(TypedDict):
    """One thing wrong with a file."""

    code: str
    text: str
    line: NotRequired[int | None]
    file: NotRequired[str]
    hint: NotRequired[str]


class Person(TypedDict):
    """Somebody with an account."""

    id: str
    handle: str
    display_name: str
    is_admin: bool


class Me(TypedDict):
    """Who the token speaks for and how far it reaches (read, submit, organize)."""

    person: Person
    scope: str


class NewToken(TypedDict):
    """A token, shown this once."""

    id: str
    token: str
    expires_at: str


class Token(TypedDict):
    """A token as its owner sees it later."""

    id: str
    name: str
    scope: str
    created_at: str
    expires_at: str
    last_used_at: NotRequired[str | None]
    revoked_at: NotRequired[str | None]


class Message(TypedDict):
    """Something a person was told; `challenge` is the slug of what it is about."""

    id: str
    challenge: str | None
    text: str
    at: str
    read_at: str | None


class ChallengeLine(TypedDict):
    """A challenge in the list."""

    slug: str
    title: str
    tagline: str
    state: str
    organizer: str
    opens_at: str
    closes_at: str
    teams: int


class ChallengeDetail(TypedDict):
    """A challenge with everything of its plan that is public."""

    slug: str
    title: str
    tagline: str
    state: str
    organizer: str
    data_licence: str
    description: str
    metrics: list[dict[str, Any]]
    form: dict[str, Any]
    phases: list[dict[str, Any]]
    team_rules: dict[str, Any]
    entry_rule: str
    prizes: list[dict[str, Any]]
    schedule_changes: list[dict[str, Any]]
    limits: dict[str, Any]
    deliveries: NotRequired[list[str]]
    offers: NotRequired[list[dict[str, Any]]]
    models: NotRequired[dict[str, Any] | None]
    own_metric: NotRequired[dict[str, Any] | None]
    rules_sha256: str
    accepted_rules: bool
    now: str


class Rules(TypedDict):
    """The rules in force; accepting them names their hash."""

    sha256: str
    markdown: str


class DataItem(TypedDict):
    """A data file to download."""

    path: str
    bytes: int
    sha256: str


class Receipt(TypedDict):
    """Proof that a file arrived: its digest and the server's time."""

    submission_id: str
    sha256: str
    bytes: int
    received_at: str
    receipt_json: NotRequired["ReceiptFile"]


class ReceiptFile(TypedDict):
    """Signed receipts of a submission; the parts are for `palio verify receipt`."""

    format: str
    key: str


class Verdict(TypedDict):
    """What the server would say of a file; costs no try."""

    verdict: str
    findings: list[Finding]
    rows: NotRequired[int | None]


class Score(TypedDict):
    """One metric on the public part, rounded, as a decimal string."""

    metric: str
    score: str


class Submission(TypedDict):
    """A submission as its team sees it; `status` says in words where it stands."""

    id: str
    state: str
    status: str
    reason: str
    findings: list[Finding]
    public_scores: list[Score]
    received_at: str
    file_name: str
    sha256: str
    bytes: int
    note: str
    is_chosen: bool
    team: dict[str, Any]
    delivery: NotRequired[str]
    stages: NotRequired[list[dict[str, Any]]]
    runs: NotRequired[dict[str, Any] | None]


class Quota(TypedDict):
    """Tries left now; None = no limit of that kind."""

    remaining: int | None
    used_today: int
    used_total: int
    next_try_at: str | None
    lines: list[dict[str, Any]]


BoardName = Literal["public", "private", "late"]


class BoardRow(TypedDict):
    """One row of a leaderboard; a marked line such as a baseline has no rank."""

    rank: int | None
    team: str
    kind: str
    score: str
    improvement: str | None
    entries: int
    received_at: str
    team_id: str
    rank_low: int | None
    rank_high: int | None


class BoardLine(TypedDict):
    """A line among the rows, such as a prize's; `position` rows of the board stand above it."""

    kind: str
    title: str
    score: str
    improvement: str | None
    position: int


class Explanation(TypedDict):
    """Why a row stands where it does."""

    rule: str
    row: BoardRow
    values: list[str]
    better: list[dict[str, Any]]
    ties: list[dict[str, Any]]
    deeds: list[dict[str, Any]]


class Board(TypedDict):
    """One page of a leaderboard."""

    board: str
    made_at: str
    items: list[BoardRow]
    lines: list[BoardLine]
    next_cursor: str | None
    rule: str
    chance_words: NotRequired[str]


class Team(TypedDict):
    """A team; a person alone is a team of one."""

    id: str
    name: str
    members: list[dict[str, Any]]
    first_submission_at: NotRequired[str | None]


class Invite(TypedDict):
    """A link that lets one person into a team, shown this once."""

    code: str
    url: str
    expires_at: str


class HostOverview(TypedDict):
    """How a challenge is doing, for its hosts; counts by state."""

    teams: int
    submissions: dict[str, int]
    jobs: dict[str, int]
    pending: int
    workers_alive: int
    workers: list[dict[str, Any]]
    alarms: list[dict[str, Any]]


class MoneyAmount(TypedDict):
    """An amount of money."""

    minor: int
    currency: str
    text: str


class FundingLine(TypedDict):
    """The money behind the prizes in one currency."""

    currency: str
    badge: str
    words: str
    prizes: MoneyAmount
    fee: MoneyAmount
    deposited: MoneyAmount
    held_by_third_party: MoneyAmount
    pledged: MoneyAmount
    awarded: MoneyAmount
    paid: MoneyAmount


class Funding(TypedDict):
    """How the prizes of a challenge are funded."""

    items: list[FundingLine]
    missing: list[MoneyAmount]
    refund_words: str


class Transaction(TypedDict):
    """Prize money that moved."""

    id: str
    deed: str
    money: MoneyAmount
    person: str
    by: str
    at: str
    reverses_id: str | None


class Ledger(TypedDict):
    """Every transaction of a challenge."""

    items: list[Transaction]


class Opening(TypedDict):
    """Opened answers: all, or one row."""

    id: str
    row: str
    state: str
    rows: int
    sha256: str
    words: str


class Award(TypedDict):
    """A prize and the team it is proposed or given to."""

    id: str
    place: int
    title: str
    money: dict[str, Any]
    team: str
    score: str
    state: str


def fault(kind: Any, data: object, place: str = "answer") -> str:  # noqa: ANN401 (a type expression)
    """Return where `data` is not of the type `kind`, or an empty string when it is."""
    if is_typeddict(kind):
        return _typed_dict_fault(kind, data, place)
    arms = get_args(kind)
    origin = get_origin(kind) or kind
    if origin is list and isinstance(data, list):
        return _first(fault(arms[0], item, f"{place}[{i}]") for i, item in enumerate(data))
    if origin in (Union, types.UnionType):
        fits = any(not fault(arm, data, place) for arm in arms)
    else:
        fits = origin is Any or (isinstance(data, origin) and (origin, type(data)) != (int, bool))
    return "" if fits else place


def _typed_dict_fault(kind: Any, data: object, place: str) -> str:  # noqa: ANN401 (a type expression)
    if not isinstance(data, dict):
        return place
    hints = get_type_hints(kind)
    missing = sorted(kind.__required_keys__ - data.keys())
    if missing:
        return f"{place}.{missing[0]}"
    return _first(
        fault(hint, data[name], f"{place}.{name}") for name, hint in hints.items() if name in data
    )


def _first(faults: Any) -> str:  # noqa: ANN401 (any iterable of str)
    return next((found for found in faults if found), "")

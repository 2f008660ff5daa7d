"""Finals, withdrawals, disqualifications and mergers from the command line, words and wire."""

from tests.cli.conftest import Palio, document
from tests.cli.fakes import SUBMISSION, Fake

MINI = "/api/v1/challenges/mini"
EXCLUSION = {
    "id": "e1",
    "team": {"id": "t1", "name": "ada"},
    "submission_id": None,
    "reason": "copied",
    "title": "predictions or code of others were handed in as own work",
    "words": "See rule 4.",
    "made_at": "2026-12-01T12:00:00Z",
    "lifted_at": None,
    "lifted_words": "",
}
TRIES = {
    "phase": "main",
    "days": [{"day": "2026-12-01", "ours": 2, "theirs": 1}],
    "ours": 2,
    "theirs": 1,
    "combined": 3,
    "allowed": 5,
    "remaining": 2,
    "next_try_at": None,
}
PREVIEW = {
    "our_name": "ada",
    "their_name": "bob",
    "our_members": ["ada"],
    "their_members": ["bob"],
    "max_members": 5,
    "phases": [TRIES],
    "choices_end": False,
    "until": "2026-12-31T00:00:00Z",
    "obstacles": ["It is too late."],
}
MERGER = {
    "id": "m1",
    "proposer_name": "bob",
    "other_name": "ada",
    "is_ours": False,
    "name": "bob",
    "captain": "ada",
    "state": "open",
    "is_current": True,
    "made_at": "2026-12-01T12:00:00Z",
    "preview": PREVIEW,
}


def test_finals_say_the_rule_and_what_stands_in(signed_in: Palio, fake: Fake) -> None:
    found = {
        "rule": "chosen",
        "limit": 2,
        "items": [{"submission_id": "s1", "file_name": "a.csv", "is_chosen": False}],
        "until": "2026-12-31T00:00:00Z",
        "untold": 0,
        "words": "Choose up to 2.",
    }
    fake.answers[f"GET {MINI}/finals"] = [found]
    said = signed_in("finals", "mini").stdout
    assert said.startswith("Choose up to 2.\n")
    assert "stands in" in said
    assert document(signed_in("finals", "mini", "--json")) == found


def test_withdraw_and_restore_send_one_word_each(signed_in: Palio, fake: Fake) -> None:
    fake.answers["PUT /api/v1/submissions/s1/withdrawal"] = [SUBMISSION]
    assert "counts on no board" in signed_in("withdraw", "s1").stdout
    assert "counts again" in signed_in("restore", "s1", "--words", "My slip.").stdout
    assert [request.body for request in fake.requests] == [
        b'{"withdrawn":true,"words":""}',
        b'{"withdrawn":false,"words":"My slip."}',
    ]


def test_organizer_disqualifies_lists_and_lifts(signed_in: Palio, fake: Fake) -> None:
    fake.answers[f"POST {MINI}/exclusions"] = [EXCLUSION]
    fake.answers[f"GET {MINI}/exclusions"] = [{"items": [EXCLUSION]}]
    fake.answers[f"POST {MINI}/exclusions/e1/lifting"] = [EXCLUSION]
    made = (
        "challenge",
        "disqualify",
        "mini",
        "ada",
        "--reason",
        "copied",
        "--words",
        "See rule 4.",
    )
    assert "The team is told. Id: e1" in signed_in(*made).stdout
    assert fake.requests[0].body == (
        b'{"team":"ada","submission_id":null,"reason":"copied","words":"See rule 4."}'
    )
    assert "in force" in signed_in("challenge", "disqualified", "mini").stdout
    assert signed_in("challenge", "lift", "mini", "e1", "--words", "Right.").exit_code == 0


def test_teams_look_at_each_other_and_merge(signed_in: Palio, fake: Fake) -> None:
    team = {"id": "t1", "name": "bob", "members": [{"handle": "ada"}, {"handle": "bob"}]}
    fake.answers[f"GET {MINI}/team/mergers/preview"] = [PREVIEW]
    fake.answers[f"GET {MINI}/team/mergers"] = [{"items": [MERGER]}]
    fake.answers[f"POST {MINI}/team/mergers"] = [MERGER]
    fake.answers[f"POST {MINI}/team/mergers/m1/decision"] = [team]
    looked = signed_in("team", "preview-merger", "the bobs", "-c", "mini").stdout
    assert "Left right after merging: 2" in looked
    assert "It is too late." in looked
    args = ("team", "propose-merger", "bob", "--name", "theirs", "-c", "mini")
    assert signed_in(*args).exit_code == 0
    assert fake.requests[-1].body == b'{"team":"bob","name":"theirs","captain":"ours"}'
    assert "bob to ada: open" in signed_in("team", "mergers", "mini").stdout
    for word in ("accept", "decline", "withdraw"):
        answer = signed_in("team", f"{word}-merger", "m1", "-c", "mini")
        assert answer.stdout == "Your team is bob: ada, bob.\n"
        assert fake.requests[-1].body == f'{{"decision":"{word}"}}'.encode()


def test_a_side_that_is_none_is_said_in_plain_words(signed_in: Palio) -> None:
    ended = signed_in("team", "propose-merger", "bob", "--name", "mine", "-c", "mini")
    assert ended.exit_code == 2
    assert "Invalid value for '--name': 'mine' is not one of 'ours', 'theirs'." in ended.output

"""Profiles, ratings and thanks from the command line: what is sent, what is shown."""

import json

from tests.cli.conftest import Palio
from tests.cli.fakes import Fake

PROFILE = {
    "handle": "ada",
    "display_name": "Ada L.",
    "is_hidden": False,
    "takes_invitations": True,
    "tier": "expert",
    "points": 60206.0,
    "finishes": [
        {
            "challenge": "mini",
            "title": "Mini",
            "rank": 1,
            "teams": 9,
            "medal": "gold",
            "points": 1.0,
        }
    ],
    "prizes": [],
    "reproduced": 0,
    "thanks": 4,
    "organized": 2,
    "marks": [
        {"question": "reproducible", "count": 3, "mean": 4.5},
        {"question": "well_documented", "count": 1, "mean": None},
    ],
    "disqualifications": [
        {
            "challenge": "maxi",
            "title": "Maxi",
            "at": "2026-12-01T12:00:00Z",
            "expires_at": "2028-11-30T12:00:00Z",
        }
    ],
}


def test_profile_of_somebody_is_shown(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/people/ada"] = [PROFILE]
    result = signed_in("profile", "ada")
    assert result.exit_code == 0, result.output
    assert "expert, 60206 points" in result.stdout
    assert "mini\t1\t9\tgold" in result.stdout
    assert "organized\t2" in result.stdout
    assert "reproducible\t4.5 of 5, 3 ratings" in result.stdout
    assert "well documented\t1 rating, a mean from three on" in result.stdout
    assert result.stdout.endswith("Disqualified from maxi on 2026-12-01 12:00 UTC.\n")


def test_hiding_keeps_the_other_choice(signed_in: Palio, fake: Fake) -> None:
    me = {"person": {"id": "1", "handle": "ada", "display_name": "", "is_admin": False}}
    fake.answers["GET /api/v1/me"] = [{**me, "scope": "submit", "challenge_id": None}]
    fake.answers["GET /api/v1/people/ada"] = [PROFILE, {**PROFILE, "is_hidden": True}]
    fake.answers["PUT /api/v1/me/profile"] = [{"status": 204}]
    result = signed_in("profile", "--hide")
    assert result.exit_code == 0, result.output
    (sent,) = [request for request in fake.requests if request.method == "PUT"]
    assert json.loads(sent.body) == {"is_hidden": True, "takes_invitations": True}


def test_feedback_lists_what_may_still_be_said(signed_in: Palio, fake: Fake) -> None:
    lines = [
        {"handle": "hostess", "display_name": "", "questions": ["rules_clear"], "may_thank": True},
        {"handle": "ada", "display_name": "", "questions": [], "may_thank": False},
    ]
    path = "GET /api/v1/challenges/mini/feedback"
    fake.answers[path] = [{"items": lines}, {"items": []}]
    assert signed_in("feedback", "mini").stdout.splitlines() == [
        "person\tmay be rated on\tmay be thanked",
        "hostess\trules_clear\tyes",
        "ada\t\t",
    ]
    assert "nobody left to rate or thank" in signed_in("feedback", "mini").output


def test_invitation_by_results_sends_what_is_wanted_and_says_how_many(
    signed_in: Palio, fake: Fake
) -> None:
    fake.answers["POST /api/v1/challenges/mini/invitations"] = [{"invited": 1}, {"invited": 0}]
    asked = ("--tier", "expert", "--finishes", "2", "--top-percent", "10", "--tag", "ratings")
    first = signed_in("challenge", "invite-by-results", "mini", *asked, "--words", "Come!")
    assert first.stdout == "1 person was invited.\n"
    assert json.loads(fake.requests[-1].body) == {
        "tier": "expert",
        "finishes": 2,
        "top_percent": 10,
        "tag": "ratings",
        "words": "Come!",
    }
    second = signed_in("challenge", "invite-by-results", "mini")
    assert second.stdout.startswith("Nobody was invited: ")


def test_rate_and_thank_say_what_they_did(signed_in: Palio, fake: Fake) -> None:
    fake.answers["POST /api/v1/challenges/mini/ratings"] = [{"status": 204}]
    fake.answers["POST /api/v1/challenges/mini/thanks"] = [{"status": 204}]
    assert "5 of 5" in signed_in("rate", "mini", "hostess", "rules_clear", "5").stdout
    assert signed_in("thank", "mini", "hostess").stdout == "You thanked hostess.\n"
    assert [json.loads(request.body) for request in fake.requests] == [
        {"handle": "hostess", "question": "rules_clear", "stars": 5},
        {"handle": "hostess"},
    ]

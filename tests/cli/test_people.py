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
}


def test_profile_of_somebody_is_shown(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/people/ada"] = [PROFILE]
    result = signed_in("profile", "ada")
    assert result.exit_code == 0, result.output
    assert "expert, 60206 points" in result.stdout
    assert "mini\t1\t9\tgold" in result.stdout


def test_hiding_keeps_the_other_choice(signed_in: Palio, fake: Fake) -> None:
    me = {"person": {"id": "1", "handle": "ada", "display_name": "", "is_admin": False}}
    fake.answers["GET /api/v1/me"] = [{**me, "scope": "submit", "challenge_id": None}]
    fake.answers["GET /api/v1/people/ada"] = [PROFILE, {**PROFILE, "is_hidden": True}]
    fake.answers["PUT /api/v1/me/profile"] = [{"status": 204}]
    result = signed_in("profile", "--hide")
    assert result.exit_code == 0, result.output
    (sent,) = [request for request in fake.requests if request.method == "PUT"]
    assert json.loads(sent.body) == {"is_hidden": True, "takes_invitations": True}


def test_rate_and_thank_say_what_they_did(signed_in: Palio, fake: Fake) -> None:
    fake.answers["POST /api/v1/challenges/mini/ratings"] = [{"status": 204}]
    fake.answers["POST /api/v1/challenges/mini/thanks"] = [{"status": 204}]
    assert "5 of 5" in signed_in("rate", "mini", "hostess", "rules_clear", "5").stdout
    assert signed_in("thank", "mini", "hostess").stdout == "You thanked hostess.\n"
    assert [json.loads(request.body) for request in fake.requests] == [
        {"handle": "hostess", "question": "rules_clear", "stars": 5},
        {"handle": "hostess"},
    ]

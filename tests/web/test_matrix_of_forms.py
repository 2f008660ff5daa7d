"""Who gets what from the forms of pages: each button, pressed by people in every role.

The buttons do what the API does; here is shown that none forgets to ask who presses it. Fields are
such that who has leave is stopped by a rule (400, 409), so that a row changes nothing for the next.
"""

from tests.web.routes import routes_of
from tests.web.site import Site
from tests.web.stories import ROLES, Story
from tests.web.test_pages import HOME, Browser

TOY = "/challenges/toy"
AWARD = f"{TOY}/awards/{{award}}"
SHA256 = "0" * 64
Row = tuple[str, dict[str, str], tuple[int, ...]]
# Columns as in ROLES.
FORMS: list[Row] = [
    (
        f"{TOY}/host",
        {"deed": "extend", "phase": "main", "closes_at": "2099-01-01T00:00"},
        (401, 403, 403, 403, 400, 403, 400),
    ),
    (
        f"{TOY}/host",
        {"deed": "grant", "team": "bob", "tries": "0", "grant_reason": "x"},
        (401, 403, 403, 403, 400, 403, 400),
    ),
    (
        f"{TOY}/host",
        {"deed": "join-link", "uses": "0", "days": "1"},
        (401, 403, 403, 403, 400, 403, 400),
    ),
    (f"{TOY}/host", {"deed": "clear-alarm"}, (401, 403, 403, 403, 404, 403, 404)),
    (f"{TOY}/host", {"deed": "archive"}, (401, 403, 403, 403, 409, 403, 409)),
    (f"{TOY}/host", {"deed": "open-answers", "row": "none"}, (401, 403, 403, 403, 303, 403, 303)),
    (f"{TOY}/host", {"deed": "confirm", "award": "{award}"}, (401, 403, 403, 403, 409, 403, 409)),
    (f"{TOY}/host", {"deed": "x"}, (401, 403, 403, 400, 400, 403, 400)),
    (
        f"{TOY}/host/exclusions",
        {"deed": "disqualify", "team": "bob", "reason": "copied"},
        (401, 403, 403, 403, 400, 403, 400),
    ),
    (
        f"{TOY}/host/exclusions",
        {"deed": "lift", "exclusion": "none", "words": "x"},
        (401, 403, 403, 403, 404, 403, 404),
    ),
    (
        f"{TOY}/withdrawals",
        {"deed": "withdraw", "submission": "none"},
        (401, 404, 404, 404, 404, 404, 404),
    ),
    (f"{TOY}/evidence", {"deed": "dismiss"}, (401, 403, 403, 400, 400, 403, 403)),
    (
        f"{TOY}/evidence",
        {"deed": "open", "team": "bob", "finding": "none", "words": "x"},
        (401, 403, 403, 404, 404, 403, 403),
    ),
    (f"{TOY}/cases/{{case}}", {"deed": "notify"}, (401, 403, 404, 409, 409, 404, 403)),
    (f"{TOY}/cases/{{case}}", {"deed": "drop", "words": "x"}, (401, 403, 404, 409, 409, 404, 403)),
    (f"{TOY}/cases/{{case}}", {"deed": "reply"}, (401, 400, 404, 404, 404, 404, 404)),
    (
        f"{TOY}/cases/{{case}}",
        {"deed": "decide", "decision": "no_breach", "words": "x"},
        (401, 403, 404, 409, 409, 404, 403),
    ),
    (
        f"{TOY}/cases/{{case}}",
        {"deed": "appeal", "words": "x"},
        (401, 409, 404, 404, 404, 404, 404),
    ),
    (
        f"{TOY}/cases/{{case}}",
        {"deed": "appeal-won", "words": "x"},
        (401, 403, 404, 409, 409, 404, 409),
    ),
    (
        f"{TOY}/money",
        {"deed": "pledge", "amount": "x", "currency": "EUR"},
        (401, 403, 403, 403, 400, 403, 400),
    ),
    (
        f"{TOY}/money",
        {"deed": "deposit", "amount": "1.00", "currency": "EUR"},
        (401, 403, 403, 403, 403, 403, 400),
    ),
    (
        f"{TOY}/money",
        {"deed": "refund", "amount": "1.00", "currency": "EUR", "fund": "bank"},
        (401, 403, 403, 403, 403, 403, 400),
    ),
    (f"{TOY}/money", {"deed": "fee", "currency": "EUR"}, (401, 403, 403, 403, 403, 403, 400)),
    (
        f"{TOY}/money",
        {"deed": "fee_paid", "currency": "EUR", "receipt_sha256": SHA256},
        (401, 403, 403, 403, 403, 403, 400),
    ),
    (
        f"{TOY}/money",
        {"deed": "reverse", "transaction_id": "none", "reason": "x"},
        (401, 403, 403, 403, 403, 403, 400),
    ),
    (f"{TOY}/prizes", {"division": "nobody"}, (401, 409, 409, 403, 403, 404, 404)),
    (AWARD, {"deed": "confirm"}, (401, 403, 404, 403, 409, 404, 409)),
    (AWARD, {"deed": "claw_back", "words": "x"}, (401, 403, 404, 403, 409, 404, 409)),
    (AWARD, {"deed": "split", "part-ada": "100"}, (401, 409, 404, 403, 403, 404, 403)),
    (AWARD, {"deed": "sign", "split": "9"}, (401, 409, 404, 403, 403, 404, 403)),
    (
        AWARD,
        {"deed": "pay", "handle": "ada", "receipt": SHA256},
        (401, 403, 404, 403, 409, 404, 409),
    ),
    (
        AWARD,
        {"deed": "tax", "handle": "ada", "receipt": SHA256},
        (401, 403, 404, 403, 409, 404, 409),
    ),
    (AWARD, {"deed": "arrived", "handle": "ada"}, (401, 409, 404, 403, 409, 404, 409)),
    (AWARD, {"deed": "returned", "handle": "ada"}, (401, 403, 404, 403, 409, 404, 409)),
    (
        AWARD,
        {"deed": "gate-passed", "gate": "age", "evidence": SHA256},
        (401, 403, 404, 403, 409, 404, 409),
    ),
    (f"{TOY}/rescore", {"deed": "apply"}, (401, 403, 403, 403, 409, 403, 409)),
    (f"{TOY}/rescore", {"deed": "abandon"}, (401, 403, 403, 403, 409, 403, 409)),
    (f"{TOY}/rescore", {"deed": "retry"}, (401, 403, 403, 403, 409, 403, 409)),
    (f"{TOY}/rescore", {"deed": "undo", "reason": "x"}, (401, 403, 403, 403, 409, 403, 409)),
    (
        f"{TOY}/rescore",
        {"deed": "digits", "digits-0": "x", "reason": "x"},
        (401, 403, 403, 403, 400, 403, 400),
    ),
    (f"{TOY}/team", {"deed": "create", "name": "New"}, (401, 409, 409, 403, 403, 403, 403)),
    (f"{TOY}/team", {"deed": "rename", "name": ""}, (401, 400, 400, 403, 403, 404, 404)),
    (f"{TOY}/team", {"deed": "invite"}, (401, 409, 409, 403, 403, 404, 404)),
    (f"{TOY}/team", {"deed": "leave"}, (401, 409, 409, 403, 403, 404, 404)),
    (
        f"{TOY}/team/mergers",
        {"deed": "propose", "team": "bob"},
        (401, 409, 409, 403, 403, 404, 404),
    ),
    (f"{TOY}/choices", {"submission": "none"}, (401, 404, 404, 403, 403, 404, 404)),
    (f"{TOY}/rules", {"sha256": "none"}, (401, 409, 409, 403, 403, 409, 409)),
    (f"{TOY}/feedback", {"deed": "thank", "handle": "bob"}, (401, 409, 409, 409, 409, 409, 409)),
    (f"{TOY}/invitations", {"words": "x"}, (401, 403, 403, 403, 409, 403, 409)),
    ("/team-invites/none", {}, (401, 404, 404, 404, 404, 404, 404)),
    ("/join/none", {}, (401, 404, 404, 404, 404, 404, 404)),
]


def test_every_role_gets_what_the_table_says(site: Site, story: Story) -> None:
    found: dict[str, list[int]] = {f"{path} {fields}": [] for path, fields, _ in FORMS}
    for role in ROLES:
        browser = Browser(site)
        if role != "spectator":
            browser.log_in(story.visitors[role].handle)
        proof = browser.hidden("proof") if browser.page else ""
        for path, fields, _ in FORMS:
            form = {name: text.format(**story.names) for name, text in fields.items()}
            answer = site.client.post(
                path.format(**story.names),
                data=form | {"proof": proof},
                headers=HOME,
                follow_redirects=False,
            )
            found[f"{path} {fields}"].append(answer.status_code)
    assert {name: tuple(said) for name, said in found.items()} == {
        f"{path} {fields}": said for path, fields, said in FORMS
    }


def test_no_form_is_left_out_but_those_about_oneself_and_with_files(site: Site) -> None:
    rows = {path.replace("{{", "{").replace("}}", "}") for path, _, _ in FORMS}
    missing = {
        route.path
        for route in routes_of(site.app)
        if "POST" in (route.methods or ())
        and not route.path.startswith("/api/")
        and not any(route.path_regex.match(path) for path in rows)
    }
    about_oneself = {
        *("/sign-up", "/log-in", "/log-out", "/me/tokens", "/me/tokens/revoke", "/me/profile"),
        "/messages/read",
    }
    with_files = {"/challenges/{slug}/rescore/files", "/challenges/{slug}/submissions"}
    assert missing == about_oneself | with_files

"""The pages without any script: sign up, accept, submit, choose, team, host, prizes."""

import re

import pytest
from httpx import Response
from tests.web.site import PASSWORD, Site
from tests.web.toy_pack import predictions

from palio.web.markdown import to_html

HOME = {"Sec-Fetch-Site": "same-origin"}


class Browser:
    """A browser of one person: cookies, and the proof of the page last seen."""

    def __init__(self, site: Site) -> None:
        self.client = site.client
        self.client.cookies.clear()
        self.page = ""

    def see(self, path: str) -> str:
        answer = self.client.get(path, headers=HOME)
        assert answer.status_code == 200, answer.text
        self.page = answer.text
        return self.page

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found is not None, name
        return found[1]

    def send(self, path: str, **form: str) -> Response:
        fields = {"proof": self.hidden("proof"), **form}
        return self.client.post(path, data=fields, headers=HOME)

    def upload(self, path: str, body: bytes, **form: str) -> Response:
        fields = {
            "proof": self.hidden("proof"),
            "idempotency_key": self.hidden("idempotency_key"),
            "note": "by form",
            **form,
        }
        files = {"file": ("mine.csv", body, "text/csv")}
        return self.client.post(path, data=fields, files=files, headers=HOME)

    def sign_up(self, handle: str, **form: str) -> Response:
        fields = {"handle": handle, "password": PASSWORD, "next": "/me", **form}
        return self.client.post("/sign-up", data=fields, headers=HOME)

    def log_in(self, handle: str) -> None:
        self.client.cookies.clear()
        fields = {"handle": handle, "password": PASSWORD, "next": "/me"}
        answer = self.client.post("/log-in", data=fields, headers=HOME)
        assert answer.status_code == 200, answer.text
        self.page = answer.text


def test_a_participant_plays_with_pages_alone(site: Site) -> None:
    site.publish(rule="chosen")
    browser = Browser(site)
    assert browser.sign_up("ada").url.path == "/me"
    assert "Read and accept them" in browser.see("/challenges/toy/submissions")
    browser.see("/challenges/toy/rules")
    accepted = browser.send("/challenges/toy/rules", sha256=browser.hidden("sha256"))
    assert "You accepted these rules." in accepted.text

    browser.see("/challenges/toy/submissions")
    sent = browser.upload("/challenges/toy/submissions", predictions(0.25))
    assert sent.status_code == 200
    assert "mine.csv" in sent.text
    assert 'http-equiv="refresh"' in sent.text
    assert 'http-equiv="refresh"' not in browser.see("/challenges/toy/submissions?send=yes")

    site.score_all()
    page = browser.see("/challenges/toy/submissions")
    assert "0.2500" in page
    assert 'http-equiv="refresh"' not in page
    chosen = browser.send(
        "/challenges/toy/choices", submission=browser.hidden("submission"), chosen="yes"
    )
    assert "checked" in chosen.text
    board = browser.see("/challenges/toy/board")
    assert re.search(r"<tr class=\"own\">\s*<td data-label=\"Rank\">1</td>", board)
    assert '<tr class="baseline">' in board


def test_a_form_upload_sent_twice_counts_once(open_site: Site) -> None:
    open_site.person("ada", accepts="toy")
    browser = Browser(open_site)
    browser.log_in("ada")
    browser.see("/challenges/toy/submissions")
    for _ in range(2):
        assert browser.upload("/challenges/toy/submissions", predictions()).status_code == 200
    assert open_site.count("submission") == 2  # with the baseline


def test_a_form_upload_without_proof_or_beyond_the_cap_stores_nothing(open_site: Site) -> None:
    open_site.person("ada", accepts="toy")
    browser = Browser(open_site)
    browser.log_in("ada")
    page = browser.see("/challenges/toy/submissions")
    before = list(open_site.settings.blobs_folder.rglob("*"))
    large = browser.upload("/challenges/toy/submissions", b"x" * (4 * 2**20 + 1))
    assert large.status_code == 413
    assert "larger than the limit" in large.text
    browser.page = page.replace(browser.hidden("proof"), "0" * 64)
    assert browser.upload("/challenges/toy/submissions", predictions()).status_code == 403
    assert list(open_site.settings.blobs_folder.rglob("*")) == before
    assert open_site.count("submission") == 1


def test_two_people_make_a_team_by_an_invite_link(open_site: Site) -> None:
    open_site.person("ada", accepts="toy")
    open_site.person("bob", accepts="toy")
    browser = Browser(open_site)
    browser.log_in("ada")
    made = browser.send("/challenges/toy/team", deed="create", name="Pragmatic <Chaos>")
    assert "Pragmatic &lt;Chaos&gt;" in made.text
    invited = browser.send("/challenges/toy/team", deed="invite").text
    link = re.search(r'id="invite-link" readonly value="[^"]*(/team-invites/[^"]+)"', invited)
    assert link is not None
    browser.log_in("bob")
    assert "Pragmatic &lt;Chaos&gt;" in browser.see(link[1])
    joined = browser.send(link[1])
    assert joined.url.path == "/challenges/toy/team"
    assert "ada" in joined.text
    assert "Rename the team" not in joined.text  # bob is not the captain
    left = browser.send("/challenges/toy/team", deed="leave")
    assert "Create the team" in left.text


def test_who_signs_up_by_a_join_link_comes_to_its_challenge(open_site: Site) -> None:
    made = open_site.people["hostess"].post("/api/v1/challenges/toy/join-links", json={"uses": 1})
    browser = Browser(open_site)
    assert 'next=/challenges/toy">Sign up' in browser.see(
        "/join/" + made.json()["url"].partition("/join/")[2]
    )


def test_a_host_extends_grants_invites_and_confirms(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    ada.submit()
    open_site.score_all()
    browser = Browser(open_site)
    browser.log_in("hostess")
    browser.see("/challenges/toy/host")
    path = "/challenges/toy/host"
    extended = browser.send(
        path, deed="extend", phase="main", closes_at="2099-01-01T00:00", reason="Storm"
    )
    assert extended.status_code == 200
    assert "Storm" in browser.see("/challenges/toy")
    back = browser.send(path, deed="extend", phase="main", closes_at="2090-01-01T00:00", reason="x")
    assert back.status_code == 409
    assert "can only be moved to a later time" in back.text
    team = re.search(r'<option value="([0-9a-f]{32})">ada', browser.see(path))
    assert team is not None
    browser.send(path, deed="grant", team=team[1], tries="2", grant_reason="Sorry")
    assert ada.get("/api/v1/challenges/toy/quota").json()["remaining"] == 6
    linked = browser.send(path, deed="join-link", role="", uses="3", days="2").text
    assert re.search(r'id="join-link" readonly value="[^"]*/join/[^"]+"', linked)

    open_site.end()
    open_site.settle()
    browser.see(path)
    browser.send(path, deed="confirm", award=browser.hidden("award"))
    assert "First prize, EUR 1,000.00: ada" in browser.see("/challenges/toy/board")
    assert "confirmed" in browser.page
    browser.see(path)
    assert "Put it away" not in browser.send(path, deed="archive").text
    assert ada.get("/api/v1/challenges/toy").json()["state"] == "archived"


def test_a_token_made_on_the_page_works_and_is_shown_once(site: Site) -> None:
    browser = Browser(site)
    browser.log_in("hostess")
    made = browser.send("/me/tokens", name="laptop", scope="read", days="3").text
    found = re.search(r'value="(palio_[^"]+)"', made)
    assert found is not None
    browser.client.cookies.clear()
    headers = {"Authorization": f"Bearer {found[1]}"}
    assert site.client.get("/api/v1/me", headers=headers).json()["scope"] == "read"
    browser.log_in("hostess")
    assert found[1] not in browser.see("/me")
    browser.send("/me/tokens/revoke", token=browser.hidden("token"))
    browser.client.cookies.clear()
    assert site.client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_bad_form_keeps_what_was_typed_except_the_password(site: Site) -> None:
    browser = Browser(site)
    answer = browser.sign_up("hostess", display_name="Ada <b>")
    assert answer.status_code == 409
    assert "is taken" in answer.text
    assert 'value="Ada &lt;b&gt;"' in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(
    "path", ["/me", "/challenges/toy/submissions", "/challenges/toy/team", "/challenges/toy/host"]
)
def test_pages_for_members_lead_spectators_to_the_log_in(open_site: Site, path: str) -> None:
    open_site.client.cookies.clear()
    answer = open_site.client.get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/log-in?next={path}")


def test_every_page_says_its_title_and_has_labels_for_its_fields(open_site: Site) -> None:
    browser = Browser(open_site)
    browser.log_in("hostess")
    for tab in ("", "/data", "/rules", "/board", "/host"):
        page = browser.see(f"/challenges/toy{tab}")
        assert page.count("<h1>") == 1
        assert "<script" not in page
        fields = re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', page)
        assert [name for name in fields if f'for="{name}"' not in page] == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Title", "<h2>Title</h2>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
        ("[x](https://e.org)", '<p><a href="https://e.org" rel="nofollow noopener">x</a></p>'),
        ("![x](https://e.org/p.png)", '<p><img alt="x"></p>'),
        ("![x](/p.png)", '<p><img src="/p.png" alt="x"></p>'),
        ("<img src=x onerror=alert(1)>", "<p>&lt;img src=x onerror=alert(1)&gt;</p>"),
    ],
)
def test_markdown_becomes_html_that_cannot_act(text: str, html: str) -> None:
    assert to_html(text).strip() == html

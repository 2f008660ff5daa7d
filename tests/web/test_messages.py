"""Messages on the site: the number in the frame, the page, the API, nobody else's."""

from tests.web.site import Site
from tests.web.test_pages import Browser

from palio.accounts import messages
from palio.core.clock import database_now


def tell(site: Site, handle: str, text: str, *, slug: str | None = None) -> None:
    with site.work() as session:
        messages.send(
            session,
            person_ids=[site.person_id(handle)],
            challenge_id=site.challenge_id(slug) if slug else None,
            kind="test.said",
            text=text,
            now=database_now(session),
        )


def test_a_message_is_counted_read_and_stays_on_its_page(open_site: Site) -> None:
    open_site.person("ada")
    tell(open_site, "ada", "Scores <changed>.", slug="toy")
    browser = Browser(open_site)
    browser.log_in("ada")
    assert '1<span class="unseen"> unread' in browser.page
    page = browser.see("/messages")
    assert "Scores &lt;changed&gt;." in page
    assert '<a href="/challenges/toy">toy</a>' in page
    read = browser.send("/messages/read", ids=browser.hidden("ids"))
    assert "Scores &lt;changed&gt;." in read.text
    assert "unread" not in read.text


def test_messages_by_api_are_ones_own_alone(open_site: Site) -> None:
    ada, bob = open_site.person("ada"), open_site.person("bob")
    tell(open_site, "ada", "For Ada.")
    assert bob.get("/api/v1/messages").json() == {"items": [], "next_cursor": None, "unread": 0}
    (mine,) = ada.get("/api/v1/messages").json()["items"]
    assert (mine["text"], mine["challenge"], mine["read_at"]) == ("For Ada.", None, None)
    for visitor in (bob, ada, ada):
        answer = visitor.post("/api/v1/messages/read", json={"ids": [mine["id"]]})
        assert answer.status_code == 204
        expected = 1 if visitor is bob else 0
        assert ada.get("/api/v1/messages").json()["unread"] == expected

"""Every page with something on it, by each who sees it: what a reader by ear or keyboard needs."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from tests.web.routes import gets
from tests.web.site import Site, Visitor
from tests.web.stories import Story
from tests.web.toy_pack import predictions

from palio.challenges.board_contracts import BoardLine

# `code` of a link or an invitation is never shown again; the others stand on no page of a story.
WITHOUT_A_STORY = {"/join/{code}", "/team-invites/{code}"}
NO_PAGES = ("/api/", "/static/", "/healthz", "/receipt.json")
_VOID = {"input", "meta", "link", "br", "hr", "img", "line", "circle", "polyline"}


@dataclass
class Look(HTMLParser):
    """One page, taken apart."""

    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: Counter[str] = Counter()
        self.named: set[str] = set()
        self.fields: list[tuple[str, bool]] = []
        self.referred: set[str] = set()
        self.levels: list[int] = []
        self.captions = self.tables = 0
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids[found["id"]] += 1
        for name in ("aria-describedby", "aria-labelledby"):
            self.referred |= set(found.get(name, "").split())
        self._look(tag, found)
        if tag not in _VOID:
            self.open.append(tag)

    def _look(self, tag: str, found: dict[str, str]) -> None:
        if tag in {"h1", "h2", "h3", "h4"}:
            self.levels.append(int(tag[1]))
        elif tag == "label":
            self.named.add(found.get("for", ""))
        elif tag in {"input", "select", "textarea"} and found.get("type") != "hidden":
            self.fields.append((found.get("id", ""), "label" in self.open))
        elif tag == "script":
            self.faults.append("a script")
        elif found.get("class") == "scroll" and found.get("tabindex") != "0":
            self.faults.append("a table that scrolls and cannot be reached by keyboard")
        else:
            self._look_at_tables(tag, found)

    def _look_at_tables(self, tag: str, found: dict[str, str]) -> None:
        if tag == "table":
            self.tables += 1
            self.rows = 0
        elif tag == "caption":
            self.captions += 1
        elif tag == "tr" and "tbody" in self.open:
            self.rows += 1
        elif tag == "th" and "scope" not in found:
            self.faults.append("a heading of a table without its direction")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass
        if tag == "table" and self.rows == 0:
            self.faults.append("a table of headings alone")

    def all_faults(self) -> list[str]:
        skips = [b for a, b in zip([0, *self.levels], self.levels, strict=False) if b > a + 1]
        return [
            *self.faults,
            *(f"two elements {name}" for name, count in self.ids.items() if count > 1),
            *(f"no label for {name}" for name, is_in in self.fields
              if not is_in and name not in self.named),
            *(f"nothing is called {name}" for name in self.referred if name not in self.ids),
            *(f"a heading {level} without one above it" for level in skips),
            *(["no heading, or several, of the page"] if self.levels.count(1) != 1 else []),
            *(["a table without a caption"] if self.captions != self.tables else []),
        ]  # fmt: skip


def faults_of(page: str) -> list[str]:
    look = Look()
    look.feed(page)
    return look.all_faults()


def test_each_fault_of_a_page_is_named() -> None:
    page = """<h2 id="a">A</h2><script></script><input name="x" id="b"><p id="a"
        aria-describedby="c"></p><div class="scroll"><table><thead><tr><th>B</th></tr></thead>
        <tbody></tbody></table></div>"""
    assert faults_of(page) == [
        "a script",
        "a table that scrolls and cannot be reached by keyboard",
        "a heading of a table without its direction",
        "a table of headings alone",
        "two elements a",
        "no label for b",
        "nothing is called c",
        "a heading 2 without one above it",
        "no heading, or several, of the page",
        "a table without a caption",
    ]


def pages_of(site: Site, names: dict[str, str]) -> list[str]:
    """Return the address of every page, with the names of a story filled in."""
    paths = [path for path in gets(site.app) if path not in WITHOUT_A_STORY]
    pages = [path for path in paths if not any(part in path for part in NO_PAGES)]
    assert len(pages) > 25
    filled = [path.replace(":path", "").format(**names) for path in pages]
    return [*filled, "/challenges/toy/board?board=private", "/challenges/toy/board?board=late"]


def visitors_of(story: Story) -> dict[str, Visitor]:
    return {name: who for name, who in story.visitors.items() if name != "organizer_other"}


def check_pages(story: Story) -> None:
    names = {
        "slug": "toy",
        "handle": "ada",
        "submission_id": story.names["submission"],
        "team_id": story.names["team"],
        "case_id": story.names["case"],
        "award_id": story.names.get("award", "0"),
    }
    seen, faults = 0, {}
    for path in pages_of(story.site, names):
        for role, who in visitors_of(story).items():
            answer = who.get(path)
            assert answer.status_code < 500, (path, role)
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                seen += 1
                faults[path, role] = faults_of(answer.text)
    assert seen > 100
    assert {key: found for key, found in faults.items() if found} == {}


@pytest.fixture
def told(story: Story) -> Story:
    """The story with the award on its way, money, lines and messages."""
    host, admin = story.visitors["organizer"], story.visitors["admin"]
    story.names["submission"] = (
        story.visitors["own"].get("/api/v1/challenges/toy/submissions").json()["items"][0]["id"]
    )
    award = f"/api/v1/awards/{story.names['award']}"
    assert host.post(f"{award}/moves", json={"move": "notify"}).status_code == 200
    money = {"amount": "1000.00", "currency": "EUR", "evidence_sha256": "0" * 64}
    deposit = "/api/v1/challenges/toy/ledger/deposits"
    made = admin.post(deposit, json=money, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201, made.text
    return story


def test_pages_of_a_revealed_challenge_are_whole_for_ear_and_keyboard(told: Story) -> None:
    check_pages(told)


def test_pages_of_an_open_challenge_are_whole_for_ear_and_keyboard(site: Site) -> None:
    site.publish()
    site.declare_board(lines=(BoardLine("Last year", None, None),), has_late_entries=True)
    ada, bob = (site.person(name, accepts="toy") for name in ("ada", "bob"))
    ada.submit(predictions(0.25))
    bob.submit(predictions(0.5))
    site.score_all()
    made = bob.post("/api/v1/challenges/toy/team/mergers", json={"team": "ada"})
    assert made.status_code == 201, made.text
    host = site.people["hostess"]
    order = {"team": "bob", "reason": "copied", "words": "x"}
    assert host.post("/api/v1/challenges/toy/exclusions", json=order).status_code == 201
    visitors = {
        "spectator": site.spectator(),
        "own": ada,
        "other": bob,
        "organizer": host,
        "admin": site.make_admin("warden"),
    }
    names = {
        "submission": ada.get("/api/v1/challenges/toy/submissions").json()["items"][0]["id"],
        "team": ada.get("/api/v1/challenges/toy/team").json()["id"],
        "case": "0",
    }
    check_pages(Story(site, visitors, names))

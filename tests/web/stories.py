"""A challenge that is over, with an award and a case, seen by people in every role."""

from dataclasses import dataclass

from tests.web.site import Site, Visitor
from tests.web.test_prizes import verify_winners
from tests.web.toy_pack import predictions

from palio.pipeline import evidence_steps

TOY = "/api/v1/challenges/toy"
ROLES = ("spectator", "own", "other", "judge", "organizer", "organizer_other", "admin")


@dataclass
class Story:
    """A revealed challenge whose award is not accepted yet, and a case its team was told of."""

    site: Site
    visitors: dict[str, Visitor]
    names: dict[str, str]


def make_story(site: Site) -> Story:
    """Play a challenge to its reveal, with a judge, another organizer and an administrator."""
    site.publish()
    verify_winners(site, "identity")
    site.person("rival")
    site.publish("elsewhere", by="rival")
    own, other, copier = (site.person(name, accepts="toy") for name in ("ada", "bob", "cid"))
    for who, miss in ((own, 0.25), (copier, 0.25), (other, 0.5)):
        assert who.submit(predictions(miss)).status_code == 201
    judge = site.make_judge("judy")
    site.score_all()
    host = site.people["hostess"]
    host.post(f"{TOY}/evidence/scans")
    evidence_steps.scan_next(site.bench)
    (finding,) = host.get(f"{TOY}/evidence").json()["findings"]
    order = {"team": "ada", "findings": [finding["id"]], "words": "Please explain."}
    case = host.post(f"{TOY}/cases", json=order).json()["id"]
    assert host.post(f"/api/v1/cases/{case}/notice").status_code == 200
    site.end()
    site.settle()
    (award,) = host.get(f"{TOY}/awards").json()["items"]
    team = own.get(f"{TOY}/team").json()["id"]
    visitors = {
        "spectator": site.spectator(),
        "own": own,
        "other": other,
        "judge": judge,
        "organizer": host,
        "organizer_other": site.people["rival"],
        "admin": site.make_admin("warden"),
    }
    return Story(site, visitors, {"award": award["id"], "case": case, "team": team})

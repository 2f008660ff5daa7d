"""A token bound to one challenge reaches nothing of its owner anywhere else."""

from tests.web.site import PASSWORD, Site, Visitor

TOY = "/api/v1/challenges/toy"


def bound_token(site: Site, handle: str, *, slug: str) -> Visitor:
    order = {"handle": handle, "password": PASSWORD, "name": "bound", "challenge": slug}
    made = site.client.post("/api/v1/tokens", json=order)
    assert made.status_code == 201, made.text
    return Visitor(site.client, token=made.json()["token"], handle=handle)


def test_a_bound_token_does_nothing_in_another_challenge(open_site: Site) -> None:
    open_site.publish("other")
    ada = open_site.person("ada", accepts="toy")
    ada.post(f"{TOY}/team", json={"name": "The Adas"})
    bound = bound_token(open_site, "ada", slug="other")
    assert bound.call("DELETE", f"{TOY}/team/membership").status_code == 403
    assert ada.submit().status_code == 201
    paths = ("/submissions", "/quota", "/team")
    assert [bound.get(TOY + path).status_code for path in paths] == [403] * 3
    assert [ada.get(TOY + path).status_code for path in paths] == [200] * 3


def test_a_bound_token_ends_itself_and_no_other(open_site: Site) -> None:
    ada = open_site.person("ada")
    (wide,) = ada.get("/api/v1/tokens").json()["items"]
    bound = bound_token(open_site, "ada", slug="toy")
    assert bound.get("/api/v1/tokens").status_code == 403
    assert bound.call("DELETE", f"/api/v1/tokens/{wide['id']}").status_code == 403
    own = bound.token.split("_")[1]
    assert bound.call("DELETE", f"/api/v1/tokens/{own}").status_code == 204
    assert bound.get("/api/v1/me").status_code == 401
    assert ada.get("/api/v1/me").status_code == 200


def test_a_token_cannot_tell_which_drafts_there_are(open_site: Site) -> None:
    open_site.publish("other")
    open_site.sql("UPDATE challenge SET state = 'draft' WHERE slug = 'other'")
    ada = open_site.person("ada")
    orders = [{"challenge": slug} for slug in ("other", "nobodys")]
    answers = [ada.post("/api/v1/tokens", json=order) for order in orders]
    assert [answer.status_code for answer in answers] == [404, 404]
    details = [answer.json()["detail"] for answer in answers]
    assert details[0].replace("other", "nobodys") == details[1]
    assert open_site.people["hostess"].post("/api/v1/tokens", json=orders[0]).status_code == 201

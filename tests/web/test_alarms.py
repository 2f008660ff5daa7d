"""Alarms on the host's side: shown to the challenge's hosts, taken away by them alone, audited."""

from tests.web.site import Site

from palio.pipeline.alarms import raise_alarm
from palio.pipeline.contracts import AlarmKind

TOY = "/api/v1/challenges/toy"


def test_an_alarm_is_cleared_by_a_host_of_its_challenge_alone(open_site: Site) -> None:
    ada, hostess = open_site.person("ada"), open_site.people["hostess"]
    open_site.person("rival")
    open_site.publish("elsewhere", by="rival")
    now, toy = open_site.now(), open_site.challenge_id("toy")
    with open_site.work() as session:
        for subject, of in (("job", toy), ("score", None)):
            raise_alarm(
                session,
                kind=AlarmKind.JOB_GIVEN_UP if of else AlarmKind.QUEUE_QUIET,
                subject=subject,
                challenge_id=of,
                words=f"Look at the {subject}.",
                now=now,
            )
    own, everybodys = hostess.get(f"{TOY}/host").json()["alarms"]
    assert (own["words"], everybodys["words"]) == ("Look at the job.", "Look at the score.")
    elsewhere = f"/api/v1/challenges/elsewhere/alarms/{own['id']}/clearance"
    assert ada.post(f"{TOY}/alarms/{own['id']}/clearance").status_code == 403
    assert open_site.people["rival"].post(elsewhere).json()["code"] == "alarm_not_found"
    assert hostess.post(f"{TOY}/alarms/{everybodys['id']}/clearance").status_code == 404
    assert hostess.post(f"{TOY}/alarms/{own['id']}/clearance").status_code == 204
    assert hostess.get(f"{TOY}/host").json()["alarms"] == [everybodys]
    assert open_site.count("audit_event WHERE action = 'pipeline.clear_alarm'") == 1

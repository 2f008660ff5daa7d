"""Before the reveal nothing depends on private answers: two sites, byte for byte (I-23)."""

from pathlib import Path

from tests.web.site import Site
from tests.web.toy_pack import PUBLIC, ROWS, TRUTH, predictions
from tests.web.twins import answers, change_private_answers, play, private_scores, twin_of

PATHS = (
    "/",
    "/challenges/toy",
    "/challenges/toy/data",
    "/challenges/toy/rules",
    "/challenges/toy/board",
    "/challenges/toy/board?board=private",
    "/challenges/toy/board?at=2100-01-01T00:00",
    "/challenges/toy/board/race",
    "/challenges/toy/board/race?board=private",
    "/challenges/toy/board/rows/own",
    "/challenges/toy/board/rows/own?board=private",
    "/challenges/toy/submissions",
    "/challenges/toy/team",
    "/challenges/toy/host",
    "/api/v1/me",
    "/api/v1/tokens",
    "/api/v1/challenges",
    "/api/v1/challenges/toy",
    "/api/v1/challenges/toy/rules",
    "/api/v1/challenges/toy/data",
    "/api/v1/challenges/toy/data/train.csv",
    "/api/v1/challenges/toy/submissions",
    "/api/v1/challenges/toy/submissions?all=true",
    "/api/v1/challenges/toy/quota",
    "/api/v1/challenges/toy/team",
    "/api/v1/challenges/toy/leaderboard",
    "/api/v1/challenges/toy/leaderboard?board=private",
    "/api/v1/challenges/toy/leaderboard.csv",
    "/api/v1/challenges/toy/leaderboard.csv?board=private",
    "/api/v1/challenges/toy/leaderboard/race",
    "/api/v1/challenges/toy/leaderboard/race?board=private",
    "/api/v1/challenges/toy/leaderboard/shakeup",
    "/api/v1/challenges/toy/leaderboard/rows/own",
    "/api/v1/challenges/toy/leaderboard/rows/own?board=private",
    "/api/v1/challenges/toy/awards",
    "/api/v1/challenges/toy/host",
    "/api/v1/challenges/toy/export",
    "/healthz",
)


def test_answers_before_the_reveal_do_not_depend_on_private_labels(
    site: Site, tmp_path: Path
) -> None:
    site.publish(rule="chosen")
    ada = site.person("ada", accepts="toy")
    bob = site.person("bob", accepts="toy")
    ids = [ada.submit(predictions(offset)).json()["submission_id"] for offset in (0.5, 0.3, 0.1)]
    ids.append(bob.submit(b"id,rating\n1,2\n").json()["submission_id"])
    ids.append(bob.submit(predictions(0.2)).json()["submission_id"])
    twin = twin_of(site, tmp_path / "twin")
    change_private_answers(twin, shift=2.0)
    for one in (site, twin):
        play(one)
        one.end()
        play(one)
    scores = [private_scores(one) for one in (site, twin)]
    assert scores[0] != scores[1]  # the sites do differ, so the comparison means something

    paths = [
        *PATHS,
        *(f"/api/v1/submissions/{i}{x}" for i in ids for x in ("", "/file", "/host-runs")),
        *(f"/challenges/toy/submissions/{i}{x}" for i in ids for x in ("", "/host-runs")),
    ]
    visitors = [site.spectator(), ada, bob, site.people["hostess"]]
    for mine, other in zip(
        answers(site, visitors, paths), answers(twin, visitors, paths), strict=True
    ):
        assert mine == other
    twin.close()


def test_predictions_without_a_private_score_look_like_any_other_until_the_reveal(
    site: Site,
) -> None:
    site.publish(metric="pearson", baselines=False)
    ada, bob = (site.person(name, accepts="toy") for name in ("ada", "bob"))
    values = [TRUTH[row] if PUBLIC[row] else 3.0 for row in range(ROWS)]  # constant in private
    lines = [f"{row + 1},{value}" for row, value in enumerate(values)]
    probe = ada.submit(("id,rating\n" + "\n".join(lines) + "\n").encode()).json()["submission_id"]
    bob.submit(predictions(0.1))
    site.score_all()
    assert ada.get(f"/api/v1/submissions/{probe}").json()["state"] == "scored"
    site.end()
    site.settle()
    board = site.spectator().get("/api/v1/challenges/toy/leaderboard?board=private").json()
    assert [line["team"] for line in board["items"]] == ["bob"]
    words = "They come from 1,000 resamples of the private rows, the same ones for all teams."
    assert words in board["chance_words"]
    assert words in site.spectator().get("/challenges/toy/board?board=private").text
    public = site.spectator().get("/api/v1/challenges/toy/leaderboard").json()
    assert public["chance_words"] == ""

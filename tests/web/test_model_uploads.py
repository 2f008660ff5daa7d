"""Handing in programs: where a challenge takes them, where somebody can run them, and how large."""

import io
import tarfile

import pytest
from tests.web.site import Site, code_zip
from tests.web.test_uploads import stored_files
from tests.web.toy_pack import IMAGE, predictions

from palio.challenges.contracts import Delivery
from palio.sandbox.spec import Level


@pytest.fixture
def model_site(open_site: Site) -> Site:
    """A site whose challenge takes everything, with a worker that runs programs."""
    open_site.take_models()
    open_site.worker_for_models()
    return open_site


def plain_tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO())
    return file.getvalue()


@pytest.mark.parametrize(
    ("delivery", "body"),
    [("code", code_zip()), ("image", IMAGE), ("image", plain_tar())],
    ids=["code", "image", "plain-tar"],
)
def test_a_program_is_received_and_waits_in_a_queue_of_its_own(
    model_site: Site, delivery: str, body: bytes
) -> None:
    ada = model_site.person("ada", accepts="toy")
    answer = ada.submit(body, delivery=delivery)
    assert (answer.status_code, answer.json()["delivery"]) == (201, delivery)
    view = ada.get(f"/api/v1/submissions/{answer.json()['submission_id']}").json()
    assert (view["state"], view["delivery"]) == ("received", delivery)
    assert view["runs"] == {"smoke": None, "hidden": None}
    assert model_site.count("job WHERE queue = 'model'") == 1


def test_predictions_are_still_the_usual_thing(model_site: Site) -> None:
    ada = model_site.person("ada", accepts="toy")
    receipts = [ada.submit(predictions(0.1)), ada.submit(delivery="predictions")]
    assert [each.json()["delivery"] for each in receipts] == ["predictions"] * 2
    view = ada.get(f"/api/v1/submissions/{receipts[0].json()['submission_id']}").json()
    assert view["runs"] is None


def test_what_a_challenge_does_not_take_is_refused_in_words(open_site: Site) -> None:
    open_site.worker_for_models()
    ada = open_site.person("ada", accepts="toy")
    before = stored_files(open_site)
    answer = ada.submit(IMAGE, delivery="image")
    assert (answer.status_code, answer.json()["code"]) == (400, "delivery_not_taken")
    assert "it takes prediction files" in answer.json()["detail"]
    open_site.take_models("toy", Delivery.IMAGE)
    assert ada.submit().json()["code"] == "delivery_not_taken"
    assert ada.submit(delivery="cake").json()["code"] == "bad_fields"
    assert stored_files(open_site) == before


def test_where_no_worker_runs_programs_safely_predictions_still_work(open_site: Site) -> None:
    open_site.take_models()
    ada = open_site.person("ada", accepts="toy")
    before = stored_files(open_site)
    refused = [ada.submit(code_zip(), delivery="code")]
    open_site.worker_for_models(level=Level.NONE)
    refused.append(ada.submit(IMAGE, delivery="image"))
    assert [(a.status_code, a.json()["code"]) for a in refused] == [(409, "not_offered")] * 2
    assert all("prediction files work" in answer.json()["detail"] for answer in refused)
    assert stored_files(open_site) == before
    assert ada.submit().status_code == 201
    assert ada.get("/api/v1/challenges/toy/quota").json()["used_today"] == 1


@pytest.mark.parametrize(
    ("delivery", "body", "words"),
    [
        ("code", b"id,rating\n1,2\n", "palio model pack"),
        ("code", IMAGE, "palio model pack"),
        ("image", predictions(), "docker save"),
        ("image", code_zip(), "was it meant as code?"),
        ("image", b"\x28\xb5\x2f\xfd" + bytes(600), "zstd"),
        ("image", bytes(5000), "docker save"),
    ],
    ids=["csv-as-code", "image-as-code", "csv-as-image", "code-as-image", "zstd", "zeros"],
)
def test_a_file_of_another_kind_is_refused_by_its_first_bytes(
    model_site: Site, delivery: str, body: bytes, words: str
) -> None:
    ada = model_site.person("ada", accepts="toy")
    before = stored_files(model_site)
    answer = ada.submit(body, delivery=delivery)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_kind")
    assert words in answer.json()["detail"]
    assert stored_files(model_site) == before
    assert model_site.count("quota_line") == 0


def test_an_empty_program_is_an_empty_file(model_site: Site) -> None:
    ada = model_site.person("ada", accepts="toy")
    for delivery in ("code", "image"):
        answer = ada.submit(b"", delivery=delivery)
        assert (answer.status_code, answer.json()["code"]) == (400, "empty_file")


def test_each_kind_has_a_limit_of_its_own(model_site: Site) -> None:
    ada = model_site.person("ada", accepts="toy")
    size = 4 * 2**20 + 1  # more than predictions and code may have, less than an image
    codes = {
        delivery: ada.submit(head + bytes(size), delivery=delivery).json().get("code", "taken")
        for delivery, head in (("predictions", b"id"), ("code", code_zip()), ("image", IMAGE))
    }
    assert codes == {"predictions": "file_too_large", "code": "file_too_large", "image": "taken"}


def test_the_installation_caps_what_a_challenge_allows(model_site: Site) -> None:
    model_site.take_models(image_max_bytes=2**40)
    ada = model_site.person("ada", accepts="toy")
    view = ada.get("/api/v1/challenges/toy").json()
    assert view["models"]["image_max_bytes"] == model_site.settings.model_max_bytes == 10 * 2**30


def test_a_body_in_small_pieces_is_looked_at_as_a_whole(model_site: Site) -> None:
    ada = model_site.person("ada", accepts="toy")
    body = plain_tar()
    answer = ada.post(
        "/api/v1/challenges/toy/submissions?delivery=image",
        content=(body[at : at + 7] for at in range(0, len(body), 7)),
        headers={"Idempotency-Key": "k"},
    )
    assert (answer.status_code, answer.json()["bytes"]) == (201, len(body))


def test_a_repeated_upload_of_a_program_gets_its_receipt_when_no_worker_is_left(
    model_site: Site,
) -> None:
    ada = model_site.person("ada", accepts="toy")
    first = ada.submit(IMAGE, delivery="image", key="k").json()
    model_site.sql("DELETE FROM worker_seen")
    again = ada.submit(IMAGE, delivery="image", key="k")
    assert (again.status_code, again.json()) == (200, {**first, "is_new": False})


def test_a_challenge_tells_what_it_takes_and_how_much(model_site: Site) -> None:
    view = model_site.spectator().get("/api/v1/challenges/toy").json()
    assert [offer["is_offered"] for offer in view["offers"]] == [True, True, True]
    assert view["deliveries"] == ["predictions", "code", "image"]
    assert view["own_metric"] is None
    assert view["models"] == {
        "seconds": 600,
        "memory_bytes": 2 * 2**30,
        "cpus": 1.0,
        "processes": 64,
        "output_bytes": 64 * 2**20,
        "scratch_bytes": 256 * 2**20,
        "code_max_bytes": 2**20,
        "image_max_bytes": 8 * 2**20,
        "has_sample_answers": True,
    }


def test_an_own_metric_is_told_by_names_and_directions_alone(open_site: Site) -> None:
    open_site.own_metric()
    view = open_site.spectator().get("/api/v1/challenges/toy").json()
    assert view["own_metric"] == {
        "scores": [
            {"name": "rmse", "direction": "lower_is_better", "digits": 4},
            {"name": "mae", "direction": "higher_is_better", "digits": 3},
        ]
    }
    assert [each["direction"] for each in view["metrics"]] == [
        "lower_is_better",
        "higher_is_better",
    ]
    assert "metric the organizer wrote" in open_site.spectator().get("/challenges/toy").text

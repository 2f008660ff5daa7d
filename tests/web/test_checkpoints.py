from pathlib import Path

from tests.web.site import Site

from palio.core import checkpoints, db
from palio.pipeline import checkpoint_steps


def test_the_sweep_signs_a_log_that_has_grown_and_not_again_at_once(site: Site) -> None:
    signer = checkpoints.key_if_there(site.settings.signing_key)
    assert signer == site.state.signer
    assert signer is not None
    assert checkpoint_steps.sign(site.bench, signer)
    assert not checkpoint_steps.sign(site.bench, signer)
    with db.reading(site.state.engine) as session:
        note = checkpoints.newest(session)
        assert note is not None
        assert signer.verifier.open(note).startswith(f"{signer.name}\n")


def test_a_machine_without_the_key_has_none_to_sign_with(tmp_path: Path) -> None:
    assert checkpoints.key_if_there(tmp_path / "signing-key") is None

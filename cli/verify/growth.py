"""Whether a log continues the one somebody saw before: two checkpoints and a proof between them."""

from collections.abc import Callable, Sequence

from palio.cli.verify.findings import Findings, require
from palio.core import merkle
from palio.core.notes import Checkpoint, Verifier, open_by_one

Proof = Callable[[int, int], Sequence[bytes]]  # from one size to a larger one


def check(
    now: str, before: str | None, *, key: str, others: Sequence[str], proof: Proof
) -> Findings:
    """Check a log's newest checkpoint, and that it continues an earlier one.

    Args:
        now: What the server shows.
        before: What was kept; None = nothing was.
        key: The server's public key, from elsewhere; empty = any the server names.
        others: The keys that the server names.
        proof: Asks the server for a consistency proof.

    """
    found = Findings()
    verifiers = [Verifier.parse(text) for text in others]
    signers = [Verifier.parse(key)] if key else verifiers
    newest = found.read("checkpoint", lambda: Checkpoint.parse(open_by_one(signers, now)))
    if newest is None:
        return found
    with found.at("checkpoint"):
        is_own = newest.origin in {signer.name for signer in signers}
        require(is_own, "the checkpoint is of another log")
    found.holds.append(f"a log of {newest.size} entries, root {newest.root.hex()}")
    if before is None:
        return found
    with found.at("the checkpoint you kept"):
        old = Checkpoint.parse(open_by_one([*verifiers, *signers], before))
        steps = proof(old.size, newest.size) if 0 < old.size < newest.size else ()
        merkle.check_consistency(
            steps,
            first=old.size,
            second=newest.size,
            first_root=old.root,
            second_root=newest.root,
        )
        found.holds.append(f"it continues the one of {old.size} entries that you kept")
    return found

"""How scoring a file ends well, or with nothing to blame on anybody but its author."""

from dataclasses import dataclass

from palio.pipeline.endings import HostFault, OurFault, Refused
from palio.scoring.card import ScoreCard


@dataclass(frozen=True, slots=True)
class Scored:
    """The file has scores, by this version of the key and of the metric.

    Attributes:
        for_host: Why a host's own metric gave no private scores; empty when all is well.

    """

    card: ScoreCard
    key_version: int
    metric_version: int
    for_host: str = ""


@dataclass(frozen=True, slots=True)
class Unscorable:
    """The file is sound and has no finite score.

    Attributes:
        reason: For its team.
        is_by_host: A host's own metric says so, in words that may repeat what was predicted.

    """

    reason: str
    is_by_host: bool = False


Verdict = Scored | Refused | Unscorable | OurFault | HostFault

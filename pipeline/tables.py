"""Every table in one place, so that foreign keys between folders resolve and migrations see all."""

from palio.accounts import models as accounts
from palio.cases import models as cases
from palio.challenges import models as challenges
from palio.core import log_models, log_triggers
from palio.core.db import metadata
from palio.datasets import models as datasets
from palio.escrow import models as escrow
from palio.leaderboard import models as leaderboard
from palio.pipeline import models as pipeline
from palio.prizes import models as prizes
from palio.reputation import models as reputation
from palio.submissions import commitment_models as commitments
from palio.submissions import draw_models as private_draws
from palio.submissions import exclusion_models as exclusions
from palio.submissions import host_models as host_runs
from palio.submissions import models as submissions
from palio.submissions import private_models as private_scores
from palio.submissions import release_models as releases
from palio.submissions import trace_models as traces
from palio.submissions import version_models as score_versions

__all__ = [
    "accounts",
    "cases",
    "challenges",
    "commitments",
    "datasets",
    "escrow",
    "exclusions",
    "host_runs",
    "leaderboard",
    "log_models",
    "log_triggers",
    "metadata",
    "pipeline",
    "private_draws",
    "private_scores",
    "prizes",
    "releases",
    "reputation",
    "score_versions",
    "submissions",
    "traces",
]

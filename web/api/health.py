"""Whether the server can work, for load balancers and hosts."""

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from palio.core.clock import database_now
from palio.core.db import reading
from palio.pipeline.status import workers_alive
from palio.web.api.schemas_host import HealthView
from palio.web.deps import StateDep

router = APIRouter(tags=["health"])


@router.get("/healthz", responses={503: {"model": HealthView, "description": "No database."}})
def read_health(state: StateDep, response: Response) -> HealthView:
    """Say whether the database answers and how many scoring processes are alive."""
    try:
        with reading(state.engine) as session:
            alive = workers_alive(session, now=database_now(session))
    except SQLAlchemyError:
        response.status_code = 503
        return HealthView(status="no database", database=False, workers_alive=0)
    words = "ok" if alive else "no workers: submissions are taken and wait"
    return HealthView(status=words, database=True, workers_alive=alive)

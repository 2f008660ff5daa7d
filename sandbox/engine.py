"""The one place that speaks to a Docker engine."""

import docker

CALL_SECONDS = 30  # an engine that does not answer must not hang a worker


def connect(socket: str = "") -> docker.DockerClient:
    """Open a client of the engine at `socket`, or of the one the machine offers.

    Raises:
        docker.errors.DockerException: No engine answers there.

    """
    if socket:
        return docker.DockerClient(base_url=f"unix://{socket}", timeout=CALL_SECONDS)
    return docker.from_env(timeout=CALL_SECONDS)

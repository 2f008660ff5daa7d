"""A real server for tests: run_server.py DATA_FOLDER PORT DATABASE [BYTES_A_FILE_MAY_HAVE]."""

import resource
import sys
from pathlib import Path

import uvicorn

from palio.core.settings import Settings
from palio.web.app import make_app

if __name__ == "__main__":
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    if len(sys.argv) > 4:
        most = int(sys.argv[4])
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    settings = Settings(
        data_folder=folder,
        port=port,
        database_url=sys.argv[3],
        rate_limits_scale=0,
        storage_reserve_share=0,
        upload_idle_seconds=2,
        _env_file=None,
    )
    uvicorn.run(make_app(settings), host="127.0.0.1", port=port, log_level="warning")

"""A worker of its own process, so that a test can take powers or files away from it."""

import json
import secrets
import subprocess
import sys
from pathlib import Path

from palio.sandbox.docker.backend import DockerSandbox
from palio.sandbox.runtime import build
from palio.sandbox.spec import Limits, Mount, RunName, RunReport, RunSpec, Wanted

COPY = "open('/output/a.csv', 'w').write(open('/input/x.csv').read() + open('/one/y.csv').read())"
LINK = "import os; os.symlink('/etc/passwd', '/output/a.csv')"


def main(order: dict[str, str]) -> dict[str, object]:
    folder = Path(order["folder"]) / "apart"
    folder.mkdir(exist_ok=True)
    if order["is_apart"]:  # a file system that is in this mount namespace alone
        subprocess.run(["mount", "-t", "tmpfs", "apart", str(folder)], check=True)
    folder.chmod(0o755)
    (folder / "features").mkdir()
    (folder / "features" / "x.csv").write_text("id,x\n")
    (folder / "y.csv").write_text("1,2\n")
    root = build.ensure(Path(order["roots"]), packages=False)
    sandbox = DockerSandbox(folder / "state", site=order["site"])

    def run(code: str) -> RunReport:
        into = folder / secrets.token_hex(4)
        into.mkdir()
        spec = RunSpec(
            name=RunName(order["site"], secrets.token_hex(4), 1, "model"),
            root=root,
            argv=("/usr/bin/python3", "-c", code),
            limits=Limits(seconds=20, memory_bytes=2**28),
            mounts=(Mount(folder / "features", "/input"), Mount(folder / "y.csv", "/one/y.csv")),
            wanted=(Wanted("a.csv", 100),),
        )
        return sandbox.run(spec, collect_into=into)

    good, link, missing = run(COPY), run(LINK), run("pass")
    ways = sandbox._ways
    sandbox._calls.remove_image(sandbox._images.id_of(root))
    return {
        "ways": [ways.may_mount, ways.sees_files],
        "end": [good.outcome, good.reason],
        "read": good.collected[0].path.read_text() if good.collected else good.log.decode(),
        "link": [link.outcome, link.reason],
        "missing": [missing.outcome, missing.reason],
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))))

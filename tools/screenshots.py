"""Draw the README's picture anew: the board of a demo that is being served (`make demo`)."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = "http://127.0.0.1:8300/challenges/film-night/board"
PICTURE = Path(__file__).parents[1] / "docs" / "images" / "board.png"
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip


def main() -> None:
    """Take the picture; the page's address may be given."""
    page = sys.argv[1] if len(sys.argv) > 1 else PAGE
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("Chromium is needed (on Debian: apt-get install chromium).")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser, *QUIET, f"--user-data-dir={profile}", "--window-size=1280,880",
                f"--screenshot={PICTURE}", page,
            ],
            check=True,
        )  # fmt: skip
    print(PICTURE)


if __name__ == "__main__":
    main()

"""What the challenge folders of tests have in common: ratings of films, scored by RMSE."""

from collections.abc import Mapping
from pathlib import Path

# What stands between the names of a challenge and its phases.
RATINGS = """[[metrics]]
name = "rmse"
digits = 4
[submission]
id_column = "id"
id_kind = "integer"
[[submission.targets]]
name = "rating"
kind = "real"
minimum = {minimum}
maximum = 5.0
"""


def write(
    folder: Path,
    *,
    toml: str,
    rules: str,
    solution: str,
    baselines: Mapping[str, bytes],
    title: str = "Ratings",
) -> Path:
    """A challenge folder with a training set of one row."""
    (folder / "data").mkdir(parents=True)
    (folder / "baselines").mkdir()
    (folder / "challenge.toml").write_text(toml)
    (folder / "description.md").write_text(f"# {title}\n\nPredict ratings.\n")
    (folder / "rules.md").write_text(f"# Rules\n\n{rules}\n")
    (folder / "data" / "train.csv").write_text("id,rating\n900001,3.5\n")
    (folder / "solution.csv").write_text(solution)
    for name, content in baselines.items():
        (folder / "baselines" / f"{name}.csv").write_bytes(content)
    return folder

"""Models sent as code: a folder to begin with, a run at home, the zip to submit."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, Annotated, Any

import typer

from palio.cli.client import config, show
from palio.cli.client.answers import Finding
from palio.cli.client.command import Ended, command, open_api
from palio.cli.client.errors import EXIT_REFUSED, ApiError, ClientError

if TYPE_CHECKING:
    from palio.sandbox.spec import Limits, RunReport

LOG_LINES = 40
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder with the code.")]
CodeFolder = Annotated[
    Path,
    typer.Argument(
        metavar="FOLDER", exists=True, file_okay=False, help="The folder with palio-model.toml."
    ),
]


def size(text: str) -> int:
    """Return the bytes of a size such as ``2 GiB`` or ``512M``; a K is 1024."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise typer.BadParameter(f"“{text}” is no size. Write it like 2GiB or 512MiB.")
    return int(float(match.group(1)) * _UNITS[match.group(2).upper()])


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    model = typer.Typer(no_args_is_help=True, help="Models sent as code: begin, run here, pack.")
    command(model, "new", is_local=True)(new)
    command(model, "run")(run)
    command(model, "pack", is_local=True)(pack)
    app.add_typer(model, name="model", rich_help_panel="Take part")


def new(folder: Folder) -> object:
    """Make a folder with a small model that works, to change into your own."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ClientError(
            f"{folder} is there already and not empty.", hint="Choose another folder."
        )
    folder.mkdir(parents=True, exist_ok=True)
    with as_file(files("palio.cli.client") / "examples" / "model") as example:
        # Where pip installed the example, it compiled it too.
        names = sorted(each.name for each in example.iterdir() if each.is_file())
        written = [folder / name for name in names]
        for path in written:
            copyfile(example / path.name, path)
    show.line(f"Made {folder} with {len(written)} files: a small model that works.")
    show.line("Change main.py, then run it as the server would:")
    show.line(f"  palio model run {folder} --input DIR")
    return {"folder": str(folder), "files": [str(path) for path in written]}


def run(
    folder: CodeFolder,
    *,
    given: Annotated[
        Path,
        typer.Option(
            "--input", "-i", exists=True, file_okay=False, help="What it finds in /input."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", dir_okay=False, help="Where its predictions go.")
    ] = Path("predictions.csv"),
    challenge: Annotated[
        str, typer.Option("--challenge", "-c", help="Take the limits of this challenge.")
    ] = "",
    seconds: Annotated[float | None, typer.Option(min=1, help="Wall clock.")] = None,
    memory: Annotated[
        int | None, typer.Option(parser=size, metavar="SIZE", help="Such as 2GiB.")
    ] = None,
    cpus: Annotated[float | None, typer.Option(min=0.1, help="Cores' worth of time.")] = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Processes and threads.")] = None,
) -> object:
    """Run a model here, in the same box with the same limits as on the server."""
    from palio.sandbox import choose  # noqa: PLC0415 (slow import)
    from palio.sandbox.model_box import rehearse, site_of  # noqa: PLC0415 (slow import)
    from palio.sandbox.runtime import build  # noqa: PLC0415 (slow import)

    own = {"seconds": seconds, "memory_bytes": memory, "cpus": cpus, "processes": processes}
    limits, code_bytes = _limits(challenge, own)
    state = config.cache_folder() / "sandbox"
    with _words():
        sandbox, probe = choose.find(choose.Need.CODE, state, site=site_of(state))
        with show.waiting() as tell:
            runtime = build.ensure(state, say=lambda text: tell(f"making the box, once: {text}"))
            tell(f"running in a box of {probe.backend}")
            report = rehearse(
                sandbox,
                runtime=runtime,
                folder=folder,
                features=given,
                limits=limits,
                state=state,
                out=out,
                most_bytes=code_bytes,
            )
    document = _document(report, out) | {"backend": probe.backend, "level": str(probe.level)}
    _print(report, limits, out, backend=f"{probe.backend} ({probe.level})")
    return Ended(document, 0 if report.collected else EXIT_REFUSED)


def pack(
    folder: CodeFolder,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", dir_okay=False, help="The zip to write.")
    ] = Path("model.zip"),
) -> object:
    """Check a folder and write the zip to submit; the same files always give the same zip."""
    from hashlib import file_digest  # noqa: PLC0415 (slow import)

    from palio.sandbox import bundle, model_toml  # noqa: PLC0415 (slow import)

    if out.resolve().is_relative_to(folder.resolve()):
        raise ClientError(
            f"{out} would be in the folder that is packed.", hint="Name another place: -o FILE"
        )
    with _words():
        model = model_toml.read(folder)
        bundle.pack(folder, out)
    with out.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    written = out.stat().st_size
    show.line(f"Wrote {out}: {show.size_of(written)}, sha256 {sha256[:12]}….")
    show.line(f"It starts with: {' '.join(model.command)}")
    show.line(f"Submit it with: palio submit --code {out} --challenge CHALLENGE", dim=True)
    return {
        "file": str(out),
        "bytes": written,
        "sha256": sha256,
        "command": list(model.command),
        "name": model.name,
    }


@contextmanager
def _words() -> Iterator[None]:
    """Turn the sandbox's own errors into the client's."""
    from palio.sandbox.spec import ImageRefusedError, SandboxError  # noqa: PLC0415 (slow import)

    try:
        yield
    except ImageRefusedError as error:
        finding = Finding(code=error.code, text=error.text, hint=error.hint)
        raise ApiError(
            "The folder cannot be submitted as it is.",
            code=error.code,
            status=422,
            findings=[finding],
        ) from error
    except SandboxError as error:
        raise ClientError(str(error), hint=getattr(error, "hint", "")) from error


def _limits(challenge: str, own: dict[str, Any]) -> "tuple[Limits, int]":
    """Return the limits of a run and of its code: what was said, the challenge's, or the usual."""
    from dataclasses import replace  # noqa: PLC0415 (slow import)

    from palio.sandbox.model_box import CODE_BYTES_MAX, DEFAULT_LIMITS  # noqa: PLC0415 (slow import)

    limits, code_bytes = DEFAULT_LIMITS, CODE_BYTES_MAX
    if challenge:
        with open_api() as api:
            models = api.challenge(challenge).get("models")
        if not models:
            raise ClientError(f"{challenge} takes no models, only predictions.")
        names = ("seconds", "memory_bytes", "cpus", "processes", "output_bytes", "scratch_bytes")
        limits = replace(limits, **{name: models[name] for name in names})
        code_bytes = models["code_max_bytes"]
    said = {name: value for name, value in own.items() if value is not None}
    return replace(limits, **said), code_bytes


def _print(report: "RunReport", limits: "Limits", out: Path, *, backend: str) -> None:
    from palio.cli.client.outcomes import meaning  # noqa: PLC0415 (slow import)
    from palio.sandbox.log import printable  # noqa: PLC0415 (slow import)

    lines = printable(report.log).splitlines()
    if lines:
        is_cut = report.is_log_cut or len(lines) > LOG_LINES
        show.line(f"What it wrote{' at the end' if is_cut else ''}:", bold=True)
        for line in lines[-LOG_LINES:]:
            show.line(f"  {line}")
    words, advice = meaning(report, limits)
    show.line(words, colour="green" if report.collected else "red")
    show.line(advice, dim=True)
    show.facts(
        [
            ("outcome", report.outcome),
            ("exit code", report.exit_code),
            ("time", f"{report.wall_seconds:.1f} s of {limits.seconds:g} s"),
            ("processor", f"{report.cpu_seconds:.1f} s"),
            (
                "memory",
                f"{show.size_of(report.peak_memory_bytes)} of {show.size_of(limits.memory_bytes)}",
            ),
            ("box", backend),
            *(("predictions", f"{out}, {show.size_of(each.bytes)}") for each in report.collected),
        ]
    )


def _document(report: "RunReport", out: Path) -> dict[str, object]:
    from palio.sandbox.log import printable  # noqa: PLC0415 (slow import)

    return {
        "outcome": str(report.outcome),
        "reason": report.reason,
        "exit_code": report.exit_code,
        "killed_by": str(report.killed_by),
        "wall_seconds": report.wall_seconds,
        "cpu_seconds": report.cpu_seconds,
        "peak_memory_bytes": report.peak_memory_bytes,
        "had_memory_kill": report.had_memory_kill,
        "log": printable(report.log),
        "is_log_cut": report.is_log_cut,
        "predictions": [
            {"file": str(out), "bytes": each.bytes, "sha256": each.sha256}
            for each in report.collected
        ],
    }

"""Reads a challenge folder and tells its host all that is wrong with it at once."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from palio.challenges import leaks, program_files
from palio.challenges.contracts import ChallengePlan
from palio.challenges.errors import PackRefusedError
from palio.challenges.folder_reader import NO_LINK, FolderReader
from palio.challenges.plan_toml import FILE, read_plan
from palio.core.errors import Finding

DESCRIPTION, RULES, DATA = "description.md", "rules.md", "data"
SOLUTION, SAMPLE, BASELINES = "solution.csv", "sample_submission.csv", "baselines"
TEXT_MOST_BYTES = 2**20

_PARTS = (FILE, DESCRIPTION, RULES, DATA, SOLUTION, SAMPLE, BASELINES, *program_files.PARTS)
_LABEL_MOST = 60


@dataclass(frozen=True, slots=True)
class Baseline:
    """A submission of the host that stands as a marked line on the board."""

    label: str
    path: Path


@dataclass(frozen=True, slots=True)
class Pack:
    """A sound challenge folder.

    Attributes:
        sample: None when there is none; `sample.write_sample` makes one from the ids.
        files: Paths of the data files inside `data_folder`, with forward slashes, sorted.

    """

    plan: ChallengePlan
    folder: Path
    description: str
    rules: str
    data_folder: Path
    solution: Path
    sample: Path | None
    baselines: tuple[Baseline, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackReading:
    """What came of reading a folder: a pack, or findings.

    Attributes:
        plan: The plan where it is sound by itself.
        draft: The plan as far as it goes, where it says enough to look at the answers.

    """

    pack: Pack | None
    plan: ChallengePlan | None
    draft: ChallengePlan | None
    has_solution: bool
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def read_pack(folder: Path) -> Pack:
    """Read a challenge folder.

    Raises:
        PackRefusedError: With every fault found, by file and line.

    """
    reading = look_at(folder)
    if reading.pack is None:
        raise refusal(reading.findings)
    return reading.pack


def refusal(findings: tuple[Finding, ...]) -> PackRefusedError:
    """Say that a folder has these faults."""
    told = sum(finding.code != "more" for finding in findings)
    count = "one mistake" if told == 1 else f"{told} mistakes"
    if told < len(findings):
        count = f"more than {count}"
    return PackRefusedError(f"The challenge folder has {count}.", findings=findings)


def look_at(folder: Path) -> PackReading:
    """Read a challenge folder without judging the answers; never raises for its content."""
    if not folder.is_dir():
        fault = Finding(
            code="file:missing",
            text=f"There is no folder {folder}.",
            hint="`palio challenge new` makes one to start from.",
        )
        return PackReading(None, None, None, has_solution=False, findings=(fault,), warnings=())
    reader = _Reader(folder)
    return reader.read()


class _Reader(FolderReader):
    def read(self) -> PackReading:
        toml = self._text(FILE)
        plan, draft = None, None
        if toml is not None:
            reading = read_plan(toml)
            plan, draft = reading.plan, reading.draft
            self.findings += reading.findings
            self.warnings += reading.warnings
        description, rules = self._page(DESCRIPTION), self._page(RULES)
        has_solution = self.has_file(SOLUTION, is_required=True)
        self.has_file(SAMPLE)
        hint = "Put what participants need into data/: at least the rows to predict."
        files = self.files_in(DATA, hint=hint)
        self._check_baselines()
        self._warn_of_strangers()
        if plan is not None:
            plan, found = program_files.look_at(self, plan)
            if has_solution:
                solution = self.folder / SOLUTION
                self.findings += leaks.find(solution, self.folder, {DATA: files, **found}, plan)
        pack = None
        if plan is not None and not self.findings:
            pack = self._pack(plan, description, rules, files)
        return PackReading(
            pack=pack,
            plan=plan,
            draft=draft,
            has_solution=has_solution,
            findings=tuple(self.findings),
            warnings=tuple(self.warnings),
        )

    def _pack(
        self, plan: ChallengePlan, description: str, rules: str, files: tuple[str, ...]
    ) -> Pack:
        sample = self.folder / SAMPLE
        return Pack(
            plan=plan,
            folder=self.folder,
            description=description,
            rules=rules,
            data_folder=self.folder / DATA,
            solution=self.folder / SOLUTION,
            sample=sample if sample.is_file() else None,
            baselines=baselines_of(self.folder),
            files=files,
        )

    def _text(self, name: str) -> str | None:
        if not self.has_file(name, is_required=True):
            return None
        if (self.folder / name).stat().st_size > TEXT_MOST_BYTES:
            self.fault("file:large", name, f"{name} has more than {TEXT_MOST_BYTES:,} bytes.")
            return None
        try:
            return (self.folder / name).read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            text = f"{name} is not UTF-8 text."
            hint = "Save it with the encoding UTF-8."
            self.findings.append(Finding("file:encoding", text, line=line, file=name, hint=hint))
            return None

    def _page(self, name: str) -> str:
        text = self._text(name)
        if text is not None and not text.strip():
            self.fault("file:empty", name, f"{name} is empty.", hint="Write it in Markdown.")
        if text is not None and "\0" in text:
            line = text[: text.index("\0")].count("\n") + 1
            found = f"{name} holds a NUL character; is it a text?"
            self.findings.append(Finding("file:encoding", found, line=line, file=name))
        return text or ""

    def _check_baselines(self) -> None:
        folder = self.folder / BASELINES
        if folder.is_symlink():
            self.fault("file:link", BASELINES, "baselines is a link.", hint=NO_LINK)
            return
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            name = f"{BASELINES}/{path.name}"
            if path.suffix != ".csv" or not path.stem.isprintable() or len(path.stem) > _LABEL_MOST:
                hint = (
                    f"Call it {BASELINES}/<label>.csv, the label of at most {_LABEL_MOST} letters."
                )
                self.fault("file:name", name, f"{name} is not a baseline.", hint=hint)
            else:
                self.has_file(name)

    def _warn_of_strangers(self) -> None:
        for path in sorted(self.folder.iterdir()):
            if path.name in _PARTS or path.name.startswith("."):
                continue
            near = get_close_matches(path.name.lower(), _PARTS, n=1)
            hint = f"Did you mean {near[0]}?" if near else "Participants' files belong into data/."
            text = f"{path.name} is no part of a challenge; it stays here."
            self.warn("file:unknown", path.name, text, hint=hint)


def baselines_of(folder: Path) -> tuple[Baseline, ...]:
    """Return the baselines of a challenge folder by label; links are passed over."""
    paths = [] if (folder / BASELINES).is_symlink() else sorted((folder / BASELINES).glob("*.csv"))
    return tuple(
        Baseline(label=path.stem, path=path)
        for path in paths
        if path.is_file() and not path.is_symlink()
    )

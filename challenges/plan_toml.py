"""Turns challenge.toml into a plan, or into the list of all that is wrong with it."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from palio.challenges import plan_checks
from palio.challenges.contracts import (
    AnswersOpen,
    ChallengePlan,
    EntryRule,
    OwnMetric,
    PhasePlan,
    Quota,
    TeamRules,
)
from palio.challenges.fields import Faults, Section, did_you_mean
from palio.challenges.plan_board import measures, read_board
from palio.challenges.plan_prizes import read_escrow, read_prizes, read_verification
from palio.challenges.plan_programs import read_models, read_own_metric, read_parameters
from palio.challenges.prize_contracts import TieRule
from palio.challenges.toml_lines import lines_of
from palio.core.errors import Finding
from palio.scoring.card import MetricChoice
from palio.scoring.form import FileFormat, IdKind, PredictionForm, TargetColumn, TargetKind

FILE = "challenge.toml"
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_MOST = 60
BYTES_DEFAULT = 100 * 2**20

_SYNTAX_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PlanReading:
    """What came of a challenge.toml.

    Attributes:
        plan: The plan, None when there are findings.
        draft: The plan as far as it could be read, when what it says of the answers is sound:
            enough to look for faults in solution.csv; None otherwise.
        findings: All faults, by line.
        warnings: What is allowed and doubtful, by line.
        known: Every key the reader knows of the tables present, e.g. ``phases[].quota.zone``.

    """

    plan: ChallengePlan | None
    draft: ChallengePlan | None
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    known: frozenset[str]


def read_plan(text: str) -> PlanReading:
    """Read the text of a challenge.toml; never raises."""
    try:
        table = tomllib.loads(text)
        faults = Faults(FILE, lines_of(text))
    except ValueError as error:  # also a number of more digits than Python reads
        return PlanReading(None, None, (_syntax_fault(text, str(error)),), (), frozenset())
    except RecursionError:
        fault = _syntax_fault(text, "values are nested too deeply")
        return PlanReading(None, None, (fault,), (), frozenset())
    plan, says_answers = _plan(Section(table, (), faults), faults)
    says_answers &= plan_checks.check(plan, faults)
    return PlanReading(
        plan=None if faults.findings else plan,
        draft=plan if says_answers else None,
        findings=_by_line(faults.findings),
        warnings=_by_line(faults.warnings),
        known=frozenset(faults.known),
    )


def _syntax_fault(text: str, error: str) -> Finding:
    match = _SYNTAX_LINE.search(error)
    last = text.count("\n") + (not text.endswith("\n"))
    line = int(match[1]) if match and match[1] else last
    return Finding(
        code="toml:syntax",
        text=f"This is not TOML: {_SYNTAX_LINE.sub('', error)}.",
        line=line,
        file=FILE,
        hint="Texts and amounts need quotes; numbers and times do not. No key may be there twice.",
    )


def _by_line(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.line or 0))


def _plan(root: Section, faults: Faults) -> tuple[ChallengePlan, bool]:
    """Read every table; also say whether those that speak of the answers had no fault."""
    slug, title = _slug(root), root.text("title", most=120)
    tagline = root.text("tagline", default="")
    organizer = root.text("organizer")
    tags, licence = root.texts("tags"), root.text("data_licence", most=2000)
    own_metric, metrics = _metrics(root)
    deliveries, models = read_models(root.section("models"))
    before = len(faults.findings)
    form = _form(root.section("submission", is_required=True))
    truth, public_share, seed, answers_open = _answers(root.section("answers"))
    says_answers = len(faults.findings) == before
    phases = tuple(_phase(section) for section in root.sections("phases", is_required=True))
    teams = _teams(root.section("teams"))
    entry_rule, finals, tie_rule = _entries(root.section("entries"))
    board, reveal_at = read_board(root.section("board"), known=measures(metrics, own_metric))
    prizes, divisions = read_prizes(root), root.texts("divisions")
    escrow = read_escrow(root.section("escrow"))
    verification = read_verification(root.section("verification"))
    root.close()
    plan = ChallengePlan(
        slug=slug,
        title=title,
        tagline=tagline,
        organizer=organizer,
        tags=tags,
        data_licence=licence,
        metrics=metrics,
        form=form,
        truth=truth or form.targets,
        public_share=public_share,
        split_seed=seed,
        phases=phases,
        teams=teams,
        entry_rule=entry_rule,
        finals=finals,
        tie_rule=tie_rule,
        prizes=prizes,
        reveal_at=reveal_at,
        own_metric=own_metric,
        deliveries=deliveries,
        models=models,
        board=board,
        answers_open=answers_open,
        divisions=divisions,
        escrow=escrow,
        verification=verification,
    )
    return plan, says_answers


def _slug(root: Section) -> str:
    slug = root.text("slug", most=SLUG_MOST)
    if slug and root.is_sound("slug") and not SLUG.fullmatch(slug):
        better = re.sub(r"[^a-z0-9]+", "-", slug.lower()).strip("-")
        root.fault(
            "value:slug",
            "slug",
            f'`slug` "{slug}" must be lower-case letters, digits and single hyphens.',
            hint=f'For example "{better or "my-challenge"}".',
        )
    return slug


def _metrics(root: Section) -> tuple[OwnMetric | None, tuple[MetricChoice, ...]]:
    own = root.section("metric")
    built_in = root.sections("metrics", is_required="metric" not in root.table)
    metrics = tuple(_metric(section) for section in built_in)
    if own is None:
        return None, metrics
    if built_in:
        text = "A challenge has built-in [[metrics]] or a [metric] of its own, not both."
        root.fault("key:both", "metrics", text, hint="Remove one of the two.")
    return read_own_metric(own)


def _metric(section: Section) -> MetricChoice:
    name = section.text("name")
    digits = section.whole("digits", default=4, least=0, most=15)
    parameters = read_parameters(section, section.rest(), has_bools=False)
    return MetricChoice(name=name, parameters=tuple(parameters), digits=digits)


def _form(section: Section | None) -> PredictionForm:
    if section is None:
        return PredictionForm(id_column="id", id_kind=IdKind.INTEGER, targets=())
    form = PredictionForm(
        id_column=section.text("id_column", default="id") or "id",
        id_kind=section.choice("id_kind", IdKind, default=IdKind.INTEGER),
        targets=tuple(_target(one) for one in section.sections("targets", is_required=True)),
        formats=section.choices("formats", FileFormat, default=(FileFormat.CSV,)),
        max_bytes=section.size("max_bytes", default=BYTES_DEFAULT),
    )
    section.close()
    return form


def _target(section: Section) -> TargetColumn:
    target = TargetColumn(
        name=section.text("name"),
        kind=section.choice("kind", TargetKind, default=TargetKind.REAL),
        minimum=section.number("minimum"),
        maximum=section.number("maximum"),
        labels=section.texts("labels"),
    )
    section.close()
    return target


def _answers(
    section: Section | None,
) -> tuple[tuple[TargetColumn, ...], float | None, int | None, AnswersOpen]:
    if section is None:
        return (), None, None, AnswersOpen.BY_THE_ORGANIZER
    truth = tuple(_target(one) for one in section.sections("targets"))
    share = section.number("public_share")
    if share is not None and not 0 < share < 1:
        text = f"`public_share` is {share}; it must lie between 0 and 1."
        section.fault("value:range", "public_share", text, hint="0.5 scores half of it in public.")
    seed = section.optional_whole("seed", least=0, most=_LARGEST)
    if share is not None and "seed" not in section.table:
        text = "`public_share` needs a `seed` to draw the public rows by."
        hint = "Add seed = … with a long number that nobody can guess."
        section.fault("key:missing", "seed", text, hint=hint)
    opens = section.choice("open", AnswersOpen, default=AnswersOpen.BY_THE_ORGANIZER)
    section.close()
    return truth, share, seed, opens


def _phase(section: Section) -> PhasePlan:
    phase = PhasePlan(
        name=section.text("name", most=60),
        opens_at=section.instant("opens_at"),
        closes_at=section.instant("closes_at"),
        quota=_quota(section.section("quota")),
    )
    section.close()
    return phase


def _quota(section: Section | None) -> Quota:
    if section is None:
        return Quota(per_day=None, total=None, zone="UTC")
    zone = section.text("zone", default="UTC")
    if section.is_sound("zone") and zone not in _zones():
        hint = did_you_mean(zone, _zones()) or 'For example "UTC" or "Europe/Rome".'
        section.fault("time:zone", "zone", f'There is no time zone "{zone}".', hint=hint)
    quota = Quota(
        per_day=section.optional_whole("per_day", least=1, most=10**6),
        total=section.optional_whole("total", least=1, most=10**6),
        zone=zone,
    )
    section.close()
    return quota


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _teams(section: Section | None) -> TeamRules:
    if section is None:
        return TeamRules(max_members=5, entry_deadline=None, merge_deadline=None)
    teams = TeamRules(
        max_members=section.whole("max_members", default=5, least=1, most=1000),
        entry_deadline=section.optional_instant("entry_deadline"),
        merge_deadline=section.optional_instant("merge_deadline"),
    )
    section.close()
    return teams


def _entries(section: Section | None) -> tuple[EntryRule, int, TieRule]:
    if section is None:
        return EntryRule.BEST_PUBLIC, 2, TieRule.EARLIER
    entries = (
        section.choice("rule", EntryRule, default=EntryRule.BEST_PUBLIC),
        section.whole("finals", default=2, least=1, most=100),
        section.choice("ties", TieRule, default=TieRule.EARLIER),
    )
    section.close()
    return entries

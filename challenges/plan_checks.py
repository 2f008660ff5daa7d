"""What must hold between the keys of a challenge.toml, each of which is sound by itself."""

from itertools import pairwise

from palio.challenges.contracts import ChallengePlan, PhasePlan
from palio.challenges.fields import Faults
from palio.challenges.plan_board_checks import check_board
from palio.challenges.plan_prize_checks import check_prizes
from palio.challenges.rules import in_words
from palio.challenges.toml_lines import KeyPath
from palio.scoring import registry
from palio.scoring.card import MetricChoice
from palio.scoring.form import FileFormat, IdKind, TargetColumn, TargetKind

USAGE_COLUMN = "Usage"
GUESSABLE_SEED = 2**32  # all smaller ones are tried in minutes against a few public scores

_NUMERIC = (TargetKind.REAL, TargetKind.INTEGER)


def check(plan: ChallengePlan, faults: Faults) -> bool:
    """Note everything in `plan` that does not fit together, and what is doubtful.

    Returns:
        Whether columns and formats fit together, so that solution.csv can be looked at.

    """
    before = len(faults.findings)
    _check_columns(plan, faults)
    _check_formats(plan, faults)
    says_answers = len(faults.findings) == before
    if plan.own_metric is None:
        _check_metrics(plan, faults)
    else:
        _check_own_scores(plan, faults)
        _check_public_columns(plan, plan.own_metric.public_columns, faults)
    _check_split(plan, faults)
    _check_phases(plan.phases, faults)
    _check_deadlines(plan, faults)
    check_board(plan, faults)
    check_prizes(plan, faults)
    return says_answers


def _check_columns(plan: ChallengePlan, faults: Faults) -> None:
    reserved = {plan.form.id_column: "the id column", USAGE_COLUMN: "the Usage column"}
    _check_names(plan.form.targets, ("submission", "targets"), reserved, faults)
    for place, target in enumerate(plan.form.targets):
        _check_target(target, ("submission", "targets", place), faults)
    if plan.truth == plan.form.targets:
        return
    _check_names(plan.truth, ("answers", "targets"), reserved, faults)
    for place, target in enumerate(plan.truth):
        _check_target(target, ("answers", "targets", place), faults)


def _check_names(
    targets: tuple[TargetColumn, ...], path: KeyPath, reserved: dict[str, str], faults: Faults
) -> None:
    taken = dict(reserved)
    for place, target in enumerate(targets):
        if target.name in taken:
            text = f'The column name "{target.name}" is taken by {taken[target.name]}.'
            faults.add("value:twice", (*path, place, "name"), text, hint="Rename one of the two.")
        elif target.name:
            taken[target.name] = f"column {place + 1}"


def _check_target(target: TargetColumn, path: KeyPath, faults: Faults) -> None:
    low, high = target.minimum, target.maximum
    if low is not None and high is not None and low >= high:
        text = f"`minimum` {low:g} is not below `maximum` {high:g}."
        faults.add("value:range", (*path, "minimum"), text)
    if target.kind not in _NUMERIC:
        for key, value in (("minimum", low), ("maximum", high)):
            if value is not None:
                text = f"`{key}` has no meaning for a column of kind {target.kind}."
                faults.add("value:unused", (*path, key), text, hint="Remove it.")
    elif path[0] == "submission" and (low is None or high is None):
        faults.warn(
            "target:no_range",
            (*path, "name"),
            f'The values of "{target.name}" have no range.',
            hint="Give minimum and maximum: huge values make a score tell the hidden answers.",
        )
    _check_labels(target, path, faults)


def _check_labels(target: TargetColumn, path: KeyPath, faults: Faults) -> None:
    if not faults.is_sound((*path, "labels"), (*path, "kind")):
        return
    if target.kind is not TargetKind.LABEL and target.labels:
        text = f"`labels` has no meaning for a column of kind {target.kind}."
        faults.add("value:unused", (*path, "labels"), text, hint='Remove it, or kind = "label".')
    if target.kind is TargetKind.LABEL and len(target.labels) < 2:  # noqa: PLR2004 (a choice)
        text = f'The column "{target.name}" of kind label needs two `labels` at least.'
        faults.add("key:missing", (*path, "labels"), text, hint='labels = ["no", "yes"]')


def _check_metrics(plan: ChallengePlan, faults: Faults) -> None:
    seen: set[str] = set()
    are_columns_sound = faults.is_sound(("submission",), ("answers", "targets"))
    for place, choice in enumerate(plan.metrics):
        path: KeyPath = ("metrics", place)
        if choice.name in seen:
            text = f'The metric "{choice.name}" is there twice; a board shows one of a name.'
            faults.add("value:twice", (*path, "name"), text)
        seen.add(choice.name)
        for text in registry.check_choice(choice, truth=plan.truth, targets=plan.form.targets):
            key = _blamed_key(choice, text)
            # Complaints about columns that were not understood would only mislead.
            is_plain = key != "name" or are_columns_sound or choice.name not in registry.METRICS
            if is_plain and faults.is_sound((*path, key)):
                faults.add("metric:choice", (*path, key), text)


def _check_own_scores(plan: ChallengePlan, faults: Faults) -> None:
    names = [choice.name for choice in plan.metrics]
    for place, name in enumerate(names):
        if name and name in names[:place]:
            text = f'The score "{name}" is there twice; a board shows one of a name.'
            faults.add("value:twice", ("metric", "scores", place, "name"), text)


def _check_public_columns(plan: ChallengePlan, names: tuple[str, ...], faults: Faults) -> None:
    asked = {target.name for target in plan.form.targets}
    answers = {column.name for column in plan.truth}
    for name in names:
        if name not in answers:
            text = f'There is no column "{name}" among the answers.'
            faults.add("value:column", ("metric", "public_columns"), text)
        elif name in asked:
            text = f'The column "{name}" is what participants predict; it cannot be public.'
            faults.add("value:column", ("metric", "public_columns"), text)


def _blamed_key(choice: MetricChoice, complaint: str) -> str:
    """Return the key of a metric's table that a complaint of the registry is about."""
    if complaint.startswith("digits "):
        return "digits"
    names = (name for name, _ in choice.parameters)
    return next((name for name in names if repr(name) in complaint), "name")


def _check_formats(plan: ChallengePlan, faults: Faults) -> None:
    formats = plan.form.formats
    path: KeyPath = ("submission", "formats")
    if not faults.is_sound(path):
        return
    if FileFormat.CSV not in formats and formats != (FileFormat.NETFLIX,):
        text = '`formats` must hold "csv", or "netflix" alone.'
        faults.add("value:choice", path, text, hint='formats = ["csv"]')
    if FileFormat.NETFLIX not in formats:
        return
    if len(plan.form.targets) > 1:
        faults.add("value:choice", path, 'The form "netflix" has room for one predicted column.')
    if plan.form.id_kind is not IdKind.TEXT:
        text = 'The form "netflix" needs text ids with the movie before a colon, such as 1:30878.'
        faults.add("value:choice", path, text, hint='id_kind = "text"')


def _check_split(plan: ChallengePlan, faults: Faults) -> None:
    if plan.split_seed is not None and plan.split_seed < GUESSABLE_SEED:
        faults.warn(
            "split:seed",
            ("answers", "seed"),
            "The `seed` is short enough to be guessed, and with it the rows scored in public.",
            hint=f"Take a random number above {GUESSABLE_SEED:,}.",
        )


def _check_phases(phases: tuple[PhasePlan, ...], faults: Faults) -> None:
    for place, phase in enumerate(phases):
        path: KeyPath = ("phases", place)
        if not faults.is_sound((*path, "opens_at"), (*path, "closes_at")):
            continue
        if phase.closes_at <= phase.opens_at:
            text = f'The phase "{phase.name}" closes before it opens.'
            faults.add("phase:reversed", (*path, "closes_at"), text)
    for place, (before, after) in enumerate(pairwise(phases)):
        if faults.is_sound(("phases", place)) and after.opens_at < before.closes_at:
            _add_overlap(before, after, ("phases", place + 1, "opens_at"), faults)
    for place, phase in enumerate(phases):
        if phase.name and phase.name in [other.name for other in phases[:place]]:
            text = f'Another phase is called "{phase.name}".'
            faults.add("value:twice", ("phases", place, "name"), text)
        _warn_without_quota(phase, ("phases", place), faults)


def _add_overlap(before: PhasePlan, after: PhasePlan, path: KeyPath, faults: Faults) -> None:
    if faults.is_sound(path):
        text = (
            f'The phase "{after.name}" opens before "{before.name}" closes '
            f"({in_words(before.closes_at)})."
        )
        faults.add("phase:overlap", path, text, hint="Write phases in order, one after the other.")


def _warn_without_quota(phase: PhasePlan, path: KeyPath, faults: Faults) -> None:
    quota = phase.quota
    if quota.per_day is None and quota.total is None and faults.is_sound((*path, "quota")):
        faults.warn(
            "phase:no_quota",
            (*path, "quota"),
            f'The phase "{phase.name}" has no quota: teams may try without end.',
            hint='quota = { per_day = 5, zone = "UTC" }',
        )


def _check_deadlines(plan: ChallengePlan, faults: Faults) -> None:
    if not plan.phases or not faults.is_sound(("phases",)):
        return
    opens_at, closes_at = plan.phases[0].opens_at, plan.phases[-1].closes_at
    for key in ("entry_deadline", "merge_deadline"):
        deadline = getattr(plan.teams, key)
        path: KeyPath = ("teams", key)
        if deadline is not None and faults.is_sound(path) and not opens_at < deadline <= closes_at:
            text = f"`{key}` must lie between the first opening and the last close."
            faults.add("time:order", path, text)
    path = ("board", "reveal_at")
    if plan.reveal_at is not None and faults.is_sound(path) and plan.reveal_at < closes_at:
        text = f"`reveal_at` lies before the last close ({in_words(closes_at)})."
        faults.add("time:order", path, text, hint="Remove it to reveal as soon as all is scored.")

"""What counts, by the log alone: receipts, choices, withdrawals, disqualifications and mergers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from palio.cli.verify.entries import OpenedEntry
from palio.cli.verify.findings import Findings, require
from palio.core.log_entries import salted_hash

RECEIVED, SCORED = "submissions.received", "submissions.scored"
SELECTION, MERGE = "submissions.selection", "submissions.merge"
WITHDRAW, RESTORE = "submissions.withdraw", "submissions.restore"
EXCLUSION = "submissions.exclusion"
FIELDS = ("label", "received_at")
# All of these are opened after the reveal; one that is not would change what counts.
ALL = frozenset({RECEIVED, SCORED, SELECTION, MERGE, WITHDRAW, RESTORE, EXCLUSION})
UNSCORED, HOST = "unscored", "host"

Json = dict[str, Any]


@dataclass(slots=True)
class Record:
    """What the log says of all submissions, its entries replayed in their order.

    Attributes:
        received: The fields of each receipt, by submission id.
        team: Whose each is by now, after mergers.
        excluded: Submissions and teams that are disqualified, by disqualification.

    """

    received: Json = field(default_factory=dict)
    team: dict[str, str] = field(default_factory=dict)
    chosen: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    excluded: dict[str, str] = field(default_factory=dict)

    def why_not(self, id_: str) -> str:
        """Return why a submission has no place; empty when it has one."""
        if self.received[id_]["kind"] == "verification":
            return "rerun"
        if id_ in self.withdrawn:
            return "withdrawn"
        is_excluded = {id_, self.team[id_]} & set(self.excluded.values())
        return "disqualified" if is_excluded else ""

    def take(self, entry: OpenedEntry) -> None:
        """Let one more entry of the log have happened."""
        id_, detail = entry.subject, entry.detail
        match entry.kind:
            case "submissions.received":
                self.received[id_], self.team[id_] = detail, detail["team"]
            case "submissions.selection":
                self._choose(id_, is_chosen=detail["is_chosen"])
            case "submissions.withdraw":
                self.withdrawn.add(id_)
                self._choose(id_, is_chosen=False)
            case "submissions.restore":
                self.withdrawn.discard(id_)
            case "submissions.exclusion" if detail["in_force"]:
                self.excluded[detail["exclusion"]] = id_
            case "submissions.exclusion":
                self.excluded.pop(detail["exclusion"], None)
            case "submissions.merge":
                self._merge(detail)

    def _choose(self, id_: str, *, is_chosen: bool) -> None:
        (self.chosen.add if is_chosen else self.chosen.discard)(id_)

    def _merge(self, detail: Json) -> None:
        teams = {detail["proposer"], detail["other"]}
        for id_ in [id_ for id_, team in self.team.items() if team in teams]:
            self.team[id_] = detail["survivor"]
            if detail["choices_end"]:
                self.chosen.discard(id_)


@dataclass(frozen=True, slots=True)
class Promised:
    """What the launch promised of all entries: the metrics' names, phases that stand apart."""

    metrics: list[str]
    phases: dict[str, str]

    def check(self, each: Json, *, phase: str) -> None:
        """Check that no score stands under another name, and no entry in another phase."""
        names = [name for name, _ in each["private"]]
        require(names == self.metrics, "its private scores are not those of the metrics promised")
        told = [name for name, _ in each["all_public"]]
        fits = told == self.metrics[: len(told)]
        require(fits, "its public scores are not those of the metrics promised")
        own = phase if phase in self.phases.values() else None
        is_own = self.phases.get(each["phase_id"]) == own
        require(is_own, "its phase is not that of the receipt")


def check(found: Findings, read: Json, told: Iterable[OpenedEntry], promise: Json) -> None:
    """Hold the entries of a final board, and those left out, against the log one by one.

    Args:
        found: Takes faults, what holds, and what could not be checked.
        read: What entries.json says.
        told: The opened entries of the log, in order.
        promise: The last one of the launch or of a rescore.

    Raises:
        FaultError: The board was scored by another version than was promised.

    """
    versions = read["key_version"], read["metric_version"]
    promised = promise["key_version"], promise["metric_version"]
    require(versions == promised, "the scores are not of the version of key and metric promised")
    asked = Promised(
        metrics=[name for name, *_ in json.loads(promise["metrics"])],
        phases=dict(json.loads(promise["ranking"])["phases"]),
    )
    record, promises = Record(), {}
    for entry in told:
        record.take(entry)
        if entry.kind == SCORED and _versions(entry.detail) == versions:
            promises[entry.subject] = entry.detail
    for each in read["entries"]:
        with found.at(f"entries.json, submission {each['submission_id']}"):
            _check_entry(each, record, promises, asked)
    ids = [each["submission_id"] for each in read["entries"]]
    with found.at("entries.json"):
        require(len(set(ids)) == len(ids), "a submission is there twice")
    left_out = read["left_out"]
    for id_ in sorted((promises.keys() | left_out.keys()) - set(ids)):
        with found.at(f"entries.json, submission {id_}"):
            _check_left_out(id_, record, claimed=left_out.get(id_), is_promised=id_ in promises)
    _tell(found, read, record, promises)


def _versions(detail: Json) -> tuple[int, int]:
    return detail["key_version"], detail["metric_version"]


def _check_entry(each: Json, record: Record, promises: Json, asked: Promised) -> None:
    id_ = each["submission_id"]
    require(id_ in record.received, "the log does not know that it was received")
    require(id_ in promises, "the log does not know its score")
    receipt = record.received[id_]
    for name in FIELDS:
        require(each[name] == receipt[name], f"its {name} is not that of the receipt")
    is_hosts = each["kind"] == HOST and receipt["kind"] == "competitor"
    asked.check(each, phase=receipt["phase"])
    require(each["kind"] == receipt["kind"] or is_hosts, "its kind is not that of the receipt")
    require(each["team"] == record.team[id_], "its team is not that of the receipt")
    why = record.why_not(id_)
    require(not why, f"it has a place, and the log says it is {why}")
    words = " ".join(value for _, value in each["private"])
    fits = salted_hash(each["salt"], words) == promises[id_]["private_commit"]
    require(fits, "its private score is not the one promised when it was scored")
    _check_public(each, promises[id_]["public_commit"])
    require(each["is_chosen"] == (id_ in record.chosen), "its choice is not that in the log")


def _check_public(each: Json, commit: str) -> None:
    if each["public_salt"] is None:
        return
    words = {" ".join(value for _, value in each["all_public"]), each["public"]}
    fits = commit in {salted_hash(each["public_salt"], told) for told in words}
    require(fits, "its public score is not the one told when it was scored")
    first = each["all_public"][0][1] if each["all_public"] else each["public"]
    require(first == each["public"], "its public scores differ")


def _check_left_out(id_: str, record: Record, *, claimed: str | None, is_promised: bool) -> None:
    require(
        is_promised and id_ in record.received, "it is left out, and the log has no score of it"
    )
    why = record.why_not(id_)
    require(claimed is not None or why, "it has a score in the log and no place, without a reason")
    require(
        claimed == (why or UNSCORED),
        f"it is left out as {claimed}, and the log says {why or 'nothing of the kind'}",
    )


def _tell(found: Findings, read: Json, record: Record, promises: Json) -> None:
    entries, left_out = read["entries"], read["left_out"]
    found.holds.append(f"{len(entries)} private scores are those promised when they were made")
    for why in sorted(set(left_out.values()) - {UNSCORED}):
        ids = [id_ for id_, each in left_out.items() if each == why]
        found.holds.append(f"{len(ids)} left out as {why}: each has its entry in the log")
    no_rank = [id_ for id_, why in left_out.items() if why == UNSCORED]
    if no_rank:
        found.unchecked.append(f"that these have no score that ranks: {_list(no_rank)}")
    hosts = [
        each["submission_id"]
        for each in entries
        if each["kind"] == HOST and record.received[each["submission_id"]]["kind"] != HOST
    ]
    if hosts:
        found.unchecked.append(f"that teams of these have a host since then: {_list(hosts)}")
    untold = [each["submission_id"] for each in entries if each["public_salt"] is None]
    if untold:
        found.unchecked.append(
            f"public scores told by a release rule, of {len(untold)} submissions"
        )
    silent = sorted(record.received.keys() - promises.keys())
    if silent:
        one = len(silent) == 1
        what = "1 received submission has" if one else f"{len(silent)} received submissions have"
        found.unchecked.append(f"why {what} no score (refused, failed): {_list(silent)}")


def _list(ids: list[str]) -> str:
    most = 5
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(sorted(ids)[:most]) + more

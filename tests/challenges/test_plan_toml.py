"""challenge.toml becomes a plan, or every one of its mistakes with its line."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.contracts import AnswersOpen, EntryRule, PhasePlan, Quota, TeamRules
from palio.challenges.plan_toml import read_plan
from palio.challenges.prize_contracts import PrizePlan, TieRule
from palio.core.money import Money
from palio.scoring.card import MetricChoice
from palio.scoring.form import FileFormat, IdKind, TargetColumn, TargetKind

SMALL = """\
slug = "small"
title = "Small"
organizer = "Us"
data_licence = "CC0-1.0"
[[metrics]]
name = "rmse"
[submission]
[[submission.targets]]
name = "rating"
minimum = 1
maximum = 5
[[phases]]
name = "main"
opens_at = 2026-11-22T00:00:00Z
closes_at = 2026-12-22T00:00:00Z
quota = { per_day = 5 }
"""

FULL = """\
slug = "full"
title = " Full "
tagline = "All keys"
organizer = "Us"
tags = ["a", "b"]
data_licence = "CC0-1.0"
[[metrics]]
name = "fbeta"
digits = 3
beta = 2.0
[submission]
id_column = "row"
id_kind = "text"
formats = ["csv", "zip"]
max_bytes = "2 MiB"
[[submission.targets]]
name = "class"
kind = "label"
labels = ["no", "yes"]
[answers]
public_share = 0.25
seed = 123456789123456789
[[answers.targets]]
name = "truth"
kind = "label"
labels = ["no", "yes"]
[[phases]]
name = "one"
opens_at = 2026-11-22T01:00:00+01:00
closes_at = 2026-12-01T00:00:00Z
quota = { per_day = 2, total = 10, zone = "Europe/Rome" }
[[phases]]
name = "two"
opens_at = 2026-12-01T00:00:00Z
closes_at = 2026-12-22T00:00:00Z
[phases.quota]
total = 3
[teams]
max_members = 3
entry_deadline = 2026-12-15T00:00:00Z
merge_deadline = 2026-12-16T00:00:00Z
[entries]
rule = "chosen"
finals = 3
ties = "shared"
[board]
reveal_at = 2026-12-23T00:00:00Z
[[prizes]]
rank = 1
title = "First"
amount = "1000.50"
currency = "EUR"
[[prizes]]
rank = 2
title = "Second"
amount = "10"
currency = "EUR"
"""


def utc(month: int, day: int) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def test_left_out_keys_have_their_defaults() -> None:
    reading = read_plan(SMALL)
    assert (reading.findings, reading.warnings) == ((), ())
    plan = reading.plan
    assert plan is not None
    rating = TargetColumn(name="rating", minimum=1.0, maximum=5.0)
    assert plan.metrics == (MetricChoice(name="rmse", parameters=(), digits=4),)
    assert (plan.tagline, plan.tags, plan.prizes, plan.reveal_at) == ("", (), (), None)
    assert (plan.form.id_column, plan.form.id_kind) == ("id", IdKind.INTEGER)
    assert (plan.form.formats, plan.form.max_bytes) == ((FileFormat.CSV,), 100 * 2**20)
    assert plan.form.targets == plan.truth == (rating,)
    assert (plan.public_share, plan.split_seed) == (None, None)
    assert plan.phases[0].quota == Quota(per_day=5, total=None, zone="UTC")
    assert plan.teams == TeamRules(max_members=5, entry_deadline=None, merge_deadline=None)
    assert (plan.entry_rule, plan.finals, plan.tie_rule) == (
        EntryRule.BEST_PUBLIC,
        2,
        TieRule.EARLIER,
    )


def test_every_key_reaches_the_plan() -> None:
    reading = read_plan(FULL)
    assert (reading.findings, reading.warnings) == ((), ())
    plan = reading.plan
    assert plan is not None
    assert (plan.slug, plan.title, plan.tagline, plan.tags) == (
        "full",
        "Full",
        "All keys",
        ("a", "b"),
    )
    assert plan.metrics == (MetricChoice("fbeta", (("beta", 2.0),), 3),)
    assert (plan.form.id_column, plan.form.id_kind) == ("row", IdKind.TEXT)
    assert plan.form.formats == (FileFormat.CSV, FileFormat.ZIP)
    assert plan.form.max_bytes == 2 * 2**20
    assert plan.form.targets == (TargetColumn("class", TargetKind.LABEL, labels=("no", "yes")),)
    assert plan.truth == (TargetColumn("truth", TargetKind.LABEL, labels=("no", "yes")),)
    assert (plan.public_share, plan.split_seed) == (0.25, 123456789123456789)
    assert plan.phases == (
        PhasePlan("one", utc(11, 22), utc(12, 1), Quota(2, 10, "Europe/Rome")),
        PhasePlan("two", utc(12, 1), utc(12, 22), Quota(None, 3, "UTC")),
    )
    assert plan.phases[0].opens_at.tzinfo is UTC
    assert plan.teams == TeamRules(3, utc(12, 15), utc(12, 16))
    assert (plan.entry_rule, plan.finals, plan.tie_rule) == (EntryRule.CHOSEN, 3, TieRule.SHARED)
    assert plan.reveal_at == utc(12, 23)
    assert plan.prizes == (
        PrizePlan(1, "First", Money(100_050, "EUR")),
        PrizePlan(2, "Second", Money(1_000, "EUR")),
    )


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("", AnswersOpen.BY_THE_ORGANIZER),
        ("[answers]\npublic_share = 0.5\nseed = 1\n", AnswersOpen.BY_THE_ORGANIZER),
        ('[answers]\nopen = "by_the_organizer"\n', AnswersOpen.BY_THE_ORGANIZER),
        ('[answers]\nopen = "at_the_end"\n', AnswersOpen.AT_THE_END),
    ],
)
def test_answers_say_when_they_are_opened(section: str, expected: AnswersOpen) -> None:
    plan = read_plan(SMALL + section).plan
    assert plan is not None
    assert plan.answers_open is expected


@pytest.mark.parametrize(
    ("value", "code"), [('"at_the_endd"', "value:choice"), ("true", "value:choice")]
)
def test_another_word_for_when_answers_are_opened_is_a_mistake_in_its_line(
    value: str, code: str
) -> None:
    reading = read_plan(f"{SMALL}[answers]\nopen = {value}\n")
    (finding,) = reading.findings
    assert (finding.code, finding.line) == (code, SMALL.count("\n") + 2)
    assert reading.plan is None


# Each mistake carries its code in the comment at the end of the line that is to blame.
TWENTY = """\
slug = "My Challenge"                       #! value:slug
titel = "Ratings"                           #! key:unknown
#                                           the title is missing: line 1
organizer = 7                               #! value:type
tags = ["a", "a"]                           #! value:twice
data_licence = ""                           #! value:empty

[[metrics]]
name = "rsme"                               #! metric:choice
digits = "4"                                #! value:type
[[metrics]]
name = "mae"
squared = 1                                 #! metric:choice

[submission]
id_column = ""                              #! value:empty
id_kind = "number"                          #! value:choice
formats = ["csv", "xlsx"]                   #! value:choice
max_bytes = "lots"                          #! value:size
[[submission.targets]]
name = "rating"
minimum = 5                                 #! value:range
maximum = 1

[answers]
public_share = 1.5                          #! value:range
                                            # and the seed is missing: [answers]
[[phases]]
name = "practice"
opens_at = 2026-11-22T00:00:00Z
closes_at = 2026-12-22T00:00:00             #! time:no_zone
quota = { per_day = 0, zone = "Europe/Rom" }  #! value:range time:zone
[[phases]]
name = "final"
opens_at = 2026-12-01T00:00:00Z
closes_at = 2026-11-01T00:00:00Z            #! phase:reversed

[teams]
merge_deadline = 2026-12-01                 #! time:date_only

[[prizes]]
rank = 2                                    #! prize:rank
title = "First"
amount = 1000.00                            #! money:amount
currency = "euro"                           #! money:currency
"""


def test_twenty_mistakes_are_all_found_with_their_lines() -> None:
    expected = [
        (number, code)
        for number, line in enumerate(TWENTY.splitlines(), start=1)
        if "#!" in line
        for code in line.split("#!")[1].split()
    ]
    # `title` is missing from the file, `seed` from [answers].
    answers = TWENTY.splitlines().index("[answers]") + 1
    expected += [(1, "key:missing"), (answers, "key:missing")]
    reading = read_plan(TWENTY)
    assert reading.plan is None
    assert sorted((f.line, f.code) for f in reading.findings) == sorted(expected)
    assert len(expected) >= 20
    assert {finding.file for finding in reading.findings} == {"challenge.toml"}


def change(old: str, new: str, *, text: str = FULL) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


ONE_MISTAKE = [
    (change('title = " Full "', 'Title = "Full"'), "key:unknown", 2, "Did you mean `title`?"),
    (change("finals = 3", "final = 3"), "key:unknown", 44, "Did you mean `finals`?"),
    (change("total = 3", "xyz = 3"), "key:unknown", 37, "Known: zone, per_day, total."),
    (change("total = 10, ", "total = 10.0, "), "value:type", 31, "total = 1"),
    (change('name = "fbeta"', 'name = "fbta"'), "metric:choice", 8, "'fbeta'"),
    (change("beta = 2.0", "bta = 2.0"), "metric:choice", 10, "'beta'"),
    (change("beta = 2.0", "beta = -1.0"), "metric:choice", 10, "at least"),
    (change("beta = 2.0", "beta = [2.0]"), "value:type", 10, "number or a text"),
    (change("digits = 3", "digits = 16"), "value:range", 9, "from 0 to 15"),
    (change("digits = 3", "digits = true"), "value:type", 9, "true or false True"),
    (change('"class"', '"row"'), "value:twice", 17, "the id column"),
    (change('"class"', '"Usage"'), "value:twice", 17, "the Usage column"),
    (change('["csv", "zip"]', '["zip"]'), "value:choice", 14, '["csv"]'),
    (change('["csv", "zip"]', '"csv"'), "value:type", 14, "formats = ["),
    (change('["csv", "zip"]', '["csv", "csv"]'), "value:twice", 14, "twice"),
    (change('["csv", "zip"]', '["csv", "parket"]'), "value:choice", 14, '"parquet"'),
    (change("seed = 123456789123456789\n", ""), "key:missing", 20, "nobody can guess"),
    (change("seed = 123456789123456789", "seed = -1"), "value:range", 22, "from 0"),
    (change('"Europe/Rome"', '"europe/rome"'), "time:zone", 31, '"Europe/Rome"'),
    (change("opens_at = 2026-12-01T00:00:00Z", "opens_at = 2026-11-30T00:00:00Z"),
     "phase:overlap", 34, "one after the other"),
    (change('name = "two"', 'name = "one"'), "value:twice", 33, "Another phase"),
    (change("entry_deadline = 2026-12-15", "entry_deadline = 2026-12-25"), "time:order", 40,
     "between"),
    (change("reveal_at = 2026-12-23", "reveal_at = 2026-12-21"), "time:order", 47, "Remove it"),
    (change("reveal_at = 2026-12-23T00:00:00Z", 'reveal_at = "2026-12-23T00:00:00Z"'),
     "value:type", 47, "without quotes"),
    (change("reveal_at = 2026-12-23T00:00:00Z", "reveal_at = 10:00:00"), "value:type", 47,
     "must be a time"),
    (change("rank = 2", "rank = 3"), "prize:rank", 54, "2 comes here"),
    (change("rank = 2", "rank = 1"), "prize:rank", 54, "2 comes here"),
    (change('"1000.50"', '"1000.505"'), "money:amount", 51, "decimal places"),
    (change('"1000.50"', '"1,000"'), "money:amount", 51, '"1000.00"'),
    (change('"1000.50"', '"-5"'), "money:amount", 51, "no amount"),
    (change('"1000.50"', '"1e3"'), "money:amount", 51, "no amount"),
    (change('"1000.50"', '"99999999999999999"'), "money:amount", 51, "too large"),
    (change('amount = "10"\ncurrency = "EUR"', 'amount = "10"\ncurrency = "USD"'),
     "prize:currency", 45, "one currency"),
    (change('"1000.50"', '"9.99"'), "prize:order", 45, "no rank may have more"),
    (change("[board]", "[[board]]"), "value:type", 46, "Write [board]"),
    (change("[[answers.targets]]", "[answers.targets]"), "value:type", 23,
     "[[answers.targets]]"),
    (change('labels = ["no", "yes"]\n[answers]', 'labels = ["no"]\n[answers]'), "key:missing", 19,
     "two `labels`"),
    (change("[[phases]]", "[[phase]]", text=SMALL), "key:unknown", 12, "Did you mean `phases`?"),
    (change("minimum = 1", "minimum = nan", text=SMALL), "value:range", 10, "finite"),
    (change("minimum = 1", f"minimum = -{'9' * 400}", text=SMALL), "value:range", 10, "finite"),
    (change("beta = 2.0", f"beta = {'9' * 400}"), "value:range", 10, "too large"),
    (change("2026-12-22T00:00:00Z", "0001-01-01T00:00:00+14:00", text=SMALL), "value:range", 15,
     "year 1"),
    (change("2026-12-22T00:00:00Z", "9999-12-31T23:59:59-12:00", text=SMALL), "value:range", 15,
     "four digits"),
    (change("minimum = 1", "labels = ['a']", text=SMALL), "value:unused", 10, "kind"),
    (change('title = "Small"', 'title = "a\\tb"', text=SMALL), "value:control", 2, "printable"),
    (change('title = "Small"', 'title = "' + "x" * 121 + '"', text=SMALL), "value:long", 2,
     "at most 120"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "words"), ONE_MISTAKE)
def test_one_mistake_is_named_with_line_and_way_out(
    text: str, code: str, line: int, words: str
) -> None:
    reading = read_plan(text)
    told = [finding for finding in reading.findings if finding.code != "key:missing"]
    told = told or list(reading.findings)  # a misspelt key is unknown, and its right name missing
    assert [(finding.code, finding.line) for finding in told] == [(code, line)]
    assert words in f"{told[0].text} {told[0].hint}"
    assert reading.plan is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("slug = ", 1),
        ("a = 1\nb = = 2\n", 2),
        ("a = 1\na = 2\n", 2),
        ('a = 1\nb = "open\n', 2),
        ("a = 1\nb = [1,\n", 2),
        ("a = 1\nopens = 2026-13-01T00:00:00Z\n", 2),
        (f"a = {'9' * 5000}", 1),
        (f"a = {'[' * 5000}", 1),
    ],
)
def test_text_that_is_not_toml_has_the_line(text: str, line: int) -> None:
    (finding,) = read_plan(text).findings
    assert (finding.code, finding.line) == ("toml:syntax", line)
    assert not re.search(r"\(at ", finding.text)


def test_empty_file_names_every_key_it_needs() -> None:
    findings = read_plan("").findings
    assert [finding.text for finding in findings] == [
        f"`{key}` is missing."
        for key in (
            "slug", "title", "organizer", "data_licence", "metrics", "submission", "phases",
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (change("maximum = 5\n", "", text=SMALL), "target:no_range", 9),
        (change("quota = { per_day = 5 }\n", "", text=SMALL), "phase:no_quota", 12),
        (change("123456789123456789", "42"), "split:seed", 22),
    ],
)
def test_doubtful_choices_are_warned_of(text: str, code: str, line: int) -> None:
    reading = read_plan(text)
    assert reading.findings == ()
    assert [(warning.code, warning.line) for warning in reading.warnings] == [(code, line)]


LINES = [number for number, line in enumerate(FULL.splitlines()) if " = " in line]
STRANGE = st.sampled_from(
    [
        *("", '""', "0", "-1", "1e400", "nan", "true", "[]", "[[]]", "{}", "[{}]", "{ a = {} }"),
        *("2026-01-01", "10:00:00", "2026-01-01T00:00:00", "9999-12-31T23:59:59-23:00"),
        *('"\\u0000"', '"\\u202E"', f'"{5000 * "x"}"', "9" * 400, '["a", 1, []]', "'csv'"),
    ]
)


@given(
    changes=st.dictionaries(st.sampled_from(LINES), STRANGE, min_size=1, max_size=6),
    gone=st.sets(st.sampled_from(range(len(FULL.splitlines()))), max_size=3),
)
def test_whatever_stands_in_the_file_is_answered_with_lines_of_it(
    changes: dict[int, str], gone: set[int]
) -> None:
    lines = FULL.splitlines()
    for number, value in changes.items():
        lines[number] = f"{lines[number].split(' = ')[0]} = {value}"
    text = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    reading = read_plan(text)
    assert (reading.plan is None) == bool(reading.findings)
    for finding in (*reading.findings, *reading.warnings):
        assert finding.line in range(1, len(lines) + 1)
        assert (finding.text + finding.hint).isprintable()
        assert len(finding.text) <= 601

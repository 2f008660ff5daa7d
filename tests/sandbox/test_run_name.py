import pytest

from palio.sandbox.spec import RunName


def test_a_name_is_read_as_it_was_written() -> None:
    name = RunName("0badcafe", "job1", 12, "metric-public")
    assert RunName.parse(str(name)) == name


@pytest.mark.parametrize(
    "text", ["", "palio", "palio-a-b-1", "other-a-b-1-c", "palio-a-b-x-c", "palio-a-b-²-c"]
)
def test_a_name_of_somebody_else_is_none_of_ours(text: str) -> None:
    assert RunName.parse(text) is None

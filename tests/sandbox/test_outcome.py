from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox.outcome import (
    Box,
    Consequence,
    End,
    Fault,
    Killer,
    Outcome,
    classify,
    consequence,
)

WELL = End(exit_code=0, killed_by=Killer.NOBODY, had_memory_kill=False)
ENDS = st.builds(
    End,
    exit_code=st.integers(0, 255),
    killed_by=st.sampled_from([Killer.NOBODY, Killer.CLOCK, Killer.LOG]),
    had_memory_kill=st.booleans(),
    never_started=st.booleans(),
    is_gvisor=st.booleans(),
    refusal=st.sampled_from(["", "output:missing"]),
)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (WELL, Outcome.FINISHED),
        (replace(WELL, had_memory_kill=True), Outcome.FINISHED),  # a child died, the run ended well
        (replace(WELL, refusal="output:symlink"), Outcome.INVALID_OUTPUT),
        (replace(WELL, exit_code=1), Outcome.PROGRAM_ERROR),
        (replace(WELL, exit_code=137), Outcome.PROGRAM_ERROR),  # its own SIGKILL
        (replace(WELL, exit_code=137, had_memory_kill=True), Outcome.OUT_OF_MEMORY),
        (replace(WELL, exit_code=1, had_memory_kill=True), Outcome.OUT_OF_MEMORY),
        (replace(WELL, exit_code=2, is_gvisor=True), Outcome.RESOURCE_LIMIT),
        (replace(WELL, exit_code=2), Outcome.PROGRAM_ERROR),
        (replace(WELL, exit_code=137, killed_by=Killer.CLOCK), Outcome.TIMED_OUT),
        (
            replace(WELL, exit_code=137, killed_by=Killer.CLOCK, had_memory_kill=True),
            Outcome.TIMED_OUT,
        ),
        (replace(WELL, exit_code=0, killed_by=Killer.CLOCK), Outcome.TIMED_OUT),
        (replace(WELL, exit_code=137, killed_by=Killer.LOG), Outcome.OUTPUT_LIMIT),
        (replace(WELL, exit_code=127, never_started=True), Outcome.IMAGE_ERROR),
        (replace(WELL, exit_code=127), Outcome.PROGRAM_ERROR),  # a shell's own "not found"
    ],
)
def test_classify_gives_the_word_of_the_table(end: End, outcome: Outcome) -> None:
    assert classify(end) is outcome


@given(end=ENDS)
def test_nothing_but_a_clean_end_is_finished(end: End) -> None:
    is_clean = (
        end.exit_code == 0
        and end.killed_by is Killer.NOBODY
        and not end.never_started
        and not end.refusal
    )
    assert (classify(end) is Outcome.FINISHED) == is_clean


@pytest.mark.parametrize("box", Box)
def test_a_box_that_could_not_be_made_is_ours_and_tried_again(box: Box) -> None:
    assert consequence(box, None) == Consequence(Fault.PLATFORM, counts=False, is_retried=True)


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome != "finished"])
def test_each_bad_end_is_laid_at_the_door_of_whoever_wrote_the_program(outcome: Outcome) -> None:
    is_retried = outcome is Outcome.RESOURCE_LIMIT
    assert {box: consequence(box, outcome) for box in Box} == {
        Box.SMOKE: Consequence(Fault.PARTICIPANT, counts=False, is_retried=is_retried),
        Box.MODEL: Consequence(Fault.PARTICIPANT, counts=True, is_retried=is_retried),
        Box.METRIC: Consequence(Fault.HOST, counts=False, is_retried=False),
    }

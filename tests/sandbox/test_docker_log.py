import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox.docker.log import LINE_BYTES, LogEnd, LogGauge

OUT, ERR = 1, 2


def put_together(*pieces: tuple[int, bytes], most: int = 10**6) -> LogEnd:
    end = LogEnd(most)
    for stream, piece in pieces:
        end.add(stream, piece)
    return end


def test_lines_of_both_streams_keep_their_order() -> None:
    end = put_together((OUT, b"one\n"), (ERR, b"two\n"), (OUT, b"three\n"))
    assert (bytes(end), end.is_cut, end.pieces) == (b"one\ntwo\nthree\n", False, 3)


def test_last_line_without_line_feed_stays_as_it_is() -> None:
    assert bytes(put_together((OUT, b"one\n"), (OUT, b"end"))) == b"one\nend"


def test_long_line_gets_its_line_feed_back() -> None:
    long = b"x" * LINE_BYTES
    end = put_together((OUT, long), (OUT, b"rest"), (OUT, b"next\n"))
    assert bytes(end) == long + b"rest\nnext\n"


def test_line_of_one_stream_does_not_go_on_in_the_other() -> None:
    long = b"e" * LINE_BYTES
    assert bytes(put_together((ERR, long), (OUT, b"word\n"))) == long + b"\nword\n"


def test_flood_of_one_stream_leaves_half_the_room_to_the_other() -> None:
    end = put_together((ERR, b"why it failed\n"), *[(OUT, b"flood\n")] * 1000, most=60)
    assert end.is_cut
    assert len(bytes(end)) == 60
    assert bytes(end).startswith(b"why it failed\n")


@given(
    pieces=st.lists(st.tuples(st.sampled_from([OUT, ERR]), st.binary(max_size=30)), max_size=40),
    most=st.integers(0, 200),
)
def test_what_is_kept_is_bounded_and_ends_as_the_log(
    pieces: list[tuple[int, bytes]], most: int
) -> None:
    whole, end = put_together(*pieces), put_together(*pieces, most=most)
    assert len(bytes(end)) == min(most, len(bytes(whole)))
    assert end.is_cut == (len(bytes(whole)) > most)
    if not end.is_cut:
        assert bytes(end) == bytes(whole)


def test_gauge_counts_full_files_and_the_one_begun(tmp_path: Path) -> None:
    logs = tmp_path / "local-logs"
    logs.mkdir()
    gauge = LogGauge(tmp_path, piece=1000)
    (logs / "container.log").write_bytes(b"x" * 10)
    assert gauge.read() == 10
    for full in (1, 2):
        os.utime(logs / "container.log", ns=(full, full))  # files of a test are too young to differ
        (logs / "container.log").rename(logs / "container.log.1")
        (logs / "container.log").write_bytes(b"x" * 7)
        assert [gauge.read(), gauge.read()] == [full * 1000 + 7] * 2


def test_gauge_of_an_engine_elsewhere_reads_nothing(tmp_path: Path) -> None:
    assert LogGauge(tmp_path / "nowhere", piece=1000).read() == 0

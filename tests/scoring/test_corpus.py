"""Every case of the corpus gives its code, whatever way reads it and however ids are compared."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from palio.scoring.codes import CODES
from palio.scoring.form import IdKind, PredictionForm, TargetColumn
from palio.scoring.read import read_predictions
from palio.scoring.refusal import PredictionsRefusedError
from palio.scoring.rows import RowIds

Ways = Callable[[bytes, PredictionForm, RowIds], Any]

CORPUS = Path(__file__).parent / "corpus"
CASES = json.loads((CORPUS / "manifest.json").read_text())["cases"]
GENERATED = {"one_long_header": b"i" * 524_288}

# The corpus shows the odd numbers; these are further faults of the same kinds.
MORE = {
    "empty": (b"", "empty"),
    "header_only": (b"id,y\n", "id:missing"),
    "tabs": (b"id\ty\n1\t0.5\n", "delimiter"),
    "header_upper_case": (b"ID,Y\n1,0.5\n", "header:missing_column"),
    "extra_column": (b"id,y,z\n1,0.5,1\n", "header:extra_column"),
    "comment": (b"# mine\nid,y\n1,0.5\n", "header:missing_column"),
    "quoted_header_space": (b'id,"y "\n1,0.5\n', "header:space"),
    "latin1": (b"id,y\n1,0.5\xe9\n", "encoding:not_utf8"),
    "surrogate": (b"id,y\n1,\xed\xa0\x80\n", "encoding:not_utf8"),
    "utf16_big_endian": ("\ufeffid,y\n".encode("utf-16-be"), "encoding:utf16"),
    "utf16_without_mark": ("id,y\n1,1\n".encode("utf-16-le"), "nul_byte"),
    "old_mac": (b"id,y\r1,0.5\r2,0.5\r", "line_ends:cr"),
    "next_line": ("id,y\n1,0.5\x85\n".encode(), "control_char"),
    "delete": (b"id,y\n1,0.5\x7f\n", "control_char"),
    "line_separator": ("id,y\n1,0.5\u2028\n".encode(), "value:space"),
    "open_quote": (b'id,y\n1,"0.5\n2,0.5\n', "csv_syntax"),
    "decimal_comma": (b"id,y\n1,0,5\n", "row_width"),
    "trailing_comma": (b"id,y\n1,0.5,\n", "row_width"),
    "ragged_short": (b"id,y\n1\n2,0.5\n", "row_width"),
    "trailing_space": (b"id,y\n1,0.5 \n", "value:space"),
    "tab_in_value": (b"id,y\n1,\t0.5\n", "value:space"),
    "infinity": (b"id,y\n1,Infinity\n", "value:not_finite"),
    "overflow": (b"id,y\n1,1e999\n", "value:not_finite"),
    "not_available": (b"id,y\n1,NA\n", "value:not_finite"),
    "underscore": (b"id,y\n1,1_000\n", "value:not_number"),
    "hex_float": (b"id,y\n1,0x1p3\n", "value:hex"),
    "arabic_digits": ("id,y\n1,\u0660.\u0665\n".encode(), "value:not_number"),
    "range_high": (b"id,y\n1,1000000.0001\n", "value:range"),
    "euro": ("id,y\n1,5\u20ac\n".encode(), "value:not_number"),
    "formula_call": (b"id,y\n1,+cmd|x\n", "value:formula"),
    "id_plus": (b"id,y\n+4,0.5\n", "id:formula"),
    "id_empty": (b"id,y\n,0.5\n", "id:empty"),
    "id_date": (b"id,y\nJan-04,0.5\n", "id:unknown"),
    "id_two_to_63": (b"id,y\n9223372036854775808,0.5\n", "id:unknown"),
    "id_float_unknown": (b"id,y\n99.0,0.5\n", "id:unknown"),
    "id_fullwidth": ("id,y\n\uff14,0.5\n".encode(), "id:unknown"),
    "xlsx": (b"PK\x03\x04" + bytes(60), "wrong_format:zip_or_xlsx"),
    "parquet": (b"PAR1" + bytes(60), "wrong_format:parquet"),
    "png": (b"\x89PNG\r\n\x1a\n", "wrong_format:png"),
    "pdf": (b"%PDF-1.7\n", "wrong_format:pdf"),
    "html": (b"<!DOCTYPE html><html>", "wrong_format:html"),
    "random_binary": (bytes(range(128, 256)) * 4, "encoding:not_utf8"),
    "too_large": (b"id,y\n" + b"1,0.5\n" * 200_000, "too_large"),
    "blank_at_end": (b"id,y\n" + b"1,1\n" + b"\n", "blank_line"),
    "long_line": (b"id,y\n1," + b"0" * 5000 + b"\n", "line_too_long"),
    "only_newline": (b"\n", "header:blank"),
    "header_trailing_comma": (b"id,y,\n1,0.5,\n", "header:extra_column"),
    "header_zero_width": ("\u200bid,y\n1,0.5\n".encode(), "header:missing_column"),
    "header_in_brackets": (b"[id],[y]\n1,0.5\n", "header:missing_column"),
    "no_header_equal_numbers": (b"1,1\n2,0.5\n", "header:missing"),
    "no_header_three_numbers": (b"0,1,0.5\n1,2,0.5\n", "header:missing"),
    "no_header_spaces": (b"1, 0.5\n2, 0.5\n", "header:missing"),
    "no_header_semicolons": (b"1;0.5\n2;0.5\n", "delimiter"),
    "spaces_between": (b"id y\n1 0.5\n", "header:missing_column"),
    "excel_sep_line": (b"sep=,\nid,y\n1,0.5\n", "header:missing_column"),
    "utf16_big_endian_without_mark": ("id,y\n1,1\n".encode("utf-16-be"), "nul_byte"),
    "utf32_big_endian": ("\ufeffid,y\n".encode("utf-32-be"), "encoding:utf16"),
    "cut_utf8": (b"id,y\n1,0.5\xe2\x82\n", "encoding:not_utf8"),
    "nul_padding": (b"id,y\n1,0.5\n" + bytes(99), "nul_byte"),
    "bom_of_second_file": (b"id,y\n1,0.5\n\xef\xbb\xbfid,y\n", "encoding:inner_bom"),
    "zero_width_id": ("id,y\n1\u200b,0.5\n".encode(), "id:unknown"),
    "right_to_left_id": ("id,y\n\u202e1,0.5\n".encode(), "id:unknown"),
    "nbsp_value": ("id,y\n1,0.5\u00a0\n".encode(), "value:space"),
    "tab_id": (b"id,y\n1\t,0.5\n", "id:space"),
    "cr_cr_lf": (b"id,y\r\r\n1,0.5\r\r\n", "line_ends:cr"),
    "lf_cr": (b"id,y\n\r1,0.5\n\r", "line_ends:cr"),
    "cut_after_cr": (b"id,y\n1,0.5\r", "line_ends:cr"),
    "control_z": (b"id,y\n1,0.5\n\x1a", "control_char"),
    "quoted_row": (b'id,y\n"1,0.5"\n', "row_width"),
    "quoted_empty": (b'id,y\n1,""\n', "value:empty"),
    "space_after_quote": (b'id,y\n1,"0.5" \n', "csv_syntax"),
    "space_before_quote": (b'id,y\n1, "0.5"\n', "value:space"),
    "quoted_carriage_return": (b'id,y\n1,"0.\r5"\n', "line_ends:cr"),
    "quotes_only": (b"id,y\n1," + b'"' * 2001 + b"\n", "csv_syntax"),
    "only_commas": (b"id,y\n,\n", "id:empty"),
    "only_spaces_line": (b"id,y\n1,0.5\n   \n", "row_width"),
    "same_id_as_float": (b"id,y\n1,0.5\n1.0,0.5\n", "id:float"),
    "id_formula": (b"id,y\n=1+3,0.5\n", "id:formula"),
    "id_at": (b"id,y\n@1,0.5\n", "id:formula"),
    "id_long": (b"id,y\n" + b"1" * 4000 + b",0.5\n", "id:unknown"),
    "id_null": (b"id,y\nnull,0.5\n", "id:unknown"),
    "id_hex": (b"id,y\n0x4,0.5\n", "id:unknown"),
    "formula_minus": (b"id,y\n1,-1+1\n", "value:formula"),
    "formula_dde": (b"id,y\n1,-2+3+cmd|' /C calc'!A0\n", "value:formula"),
    "formula_at": (b"id,y\n1,@SUM(A1)\n", "value:formula"),
    "formula_double_minus": (b"id,y\n1,--5\n", "value:formula"),
    "dash": (b"id,y\n1,-\n", "value:not_number"),
    "minus_infinity_sign": ("id,y\n1,-\u221e\n".encode(), "value:not_number"),
    "minus_with_unit": (b"id,y\n1,-5m\n", "value:not_number"),
    "c_not_a_number": (b"id,y\n1,-1.#IND\n", "value:not_finite"),
    "excel_not_available": (b"id,y\n1,#N/A\n", "value:not_finite"),
    "octal": (b"id,y\n1,0o17\n", "value:not_number"),
    "thousands_space": (b"id,y\n1,1 000\n", "value:not_number"),
    "superscript": ("id,y\n1,\u00b2\n".encode(), "value:not_number"),
    "just_below_zero": (b"id,y\n1,-5e-324\n", "value:range"),
    "bzip2": (b"BZh91AY&SY", "wrong_format:bzip2"),
    "xz": (b"\xfd7zXZ\x00\x00", "wrong_format:xz"),
    "zstd": (b"\x28\xb5\x2f\xfd\x20", "wrong_format:zstd"),
    "tar": (b"a.csv" + bytes(252) + b"ustar\x00" + bytes(200), "wrong_format:tar"),
    "npy": (b"\x93NUMPY\x01\x00", "wrong_format:npy"),
    "sqlite": (b"SQLite format 3\x00", "wrong_format:sqlite"),
    "json_lines": (b'{"id": 1, "y": 0.5}\n', "wrong_format:json"),
    "json_list": (b"\n [[1, 0.5]]", "wrong_format:json"),
}  # fmt: skip
MORE_GOOD = {
    "plus": b"+0.5",
    "no_whole_part": b".5",
    "no_fraction": b"5.",
    "exponent": b"1e5",
    "quoted": b'"5"',
    "many_digits": b"0." + b"123456789" * 6,
}


def form_of(kind: IdKind) -> PredictionForm:
    target = TargetColumn("y", minimum=0, maximum=1e6)
    return PredictionForm("id", kind, (target,), max_bytes=2**20)


def ids_of(kind: IdKind) -> RowIds:
    return RowIds.of([str(number) for number in range(1, 21)], kind=kind)


def first_code(path: Path, kind: IdKind) -> str:
    try:
        read_predictions(path, form=form_of(kind), ids=ids_of(kind))
    except PredictionsRefusedError as refusal:
        findings = refusal.findings
    else:
        return "ok"
    assert 1 <= len(findings) <= 10
    assert {finding.code for finding in findings} <= CODES.keys()
    assert all(finding.text.isascii() and finding.text.isprintable() for finding in findings)
    return findings[0].code


def content(case: dict[str, str]) -> bytes:
    return GENERATED.get(case["name"]) or (CORPUS / case["file"]).read_bytes()


@pytest.mark.parametrize("kind", IdKind)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_corpus_case_gives_its_code(case: dict[str, str], kind: IdKind, tmp_path: Path) -> None:
    path = tmp_path / "predictions"
    path.write_bytes(content(case))
    assert first_code(path, kind) == case["expect"]


@pytest.mark.parametrize("kind", IdKind)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_corpus_case_gets_the_same_verdict_every_way(
    case: dict[str, str], kind: IdKind, verdicts: Ways
) -> None:
    said = verdicts(content(case), form_of(kind), ids_of(kind))
    assert said.general in (None, said.careful)
    assert said.fast in (None, said.careful)


@pytest.mark.parametrize("kind", IdKind)
@pytest.mark.parametrize("name", MORE)
def test_further_faults_give_their_code(
    name: str, kind: IdKind, tmp_path: Path, verdicts: Ways
) -> None:
    data, expected = MORE[name]
    path = tmp_path / "predictions"
    path.write_bytes(data)
    assert first_code(path, kind) == expected
    said = verdicts(data, form_of(kind), ids_of(kind))
    assert (said.general, said.fast) == (None, None)


@pytest.mark.parametrize("name", MORE_GOOD)
def test_every_way_of_writing_a_number_is_read(name: str, verdicts: Ways) -> None:
    rows = b"".join(b"%d,%s\n" % (i, MORE_GOOD[name]) for i in range(1, 21))
    said = verdicts(b"id,y\n" + rows, form_of(IdKind.TEXT), ids_of(IdKind.TEXT))
    assert said.general == said.careful
    assert said.fast == (None if name == "quoted" else said.careful)


def test_columns_may_stand_in_any_order(verdicts: Ways) -> None:
    rows = b"".join(b"0.%d,%d\n" % (i, i) for i in range(1, 21))
    said = verdicts(b"y,id\n" + rows, form_of(IdKind.INTEGER), ids_of(IdKind.INTEGER))
    assert said.general == said.careful == said.fast


def test_many_faults_are_counted_and_the_first_listed(tmp_path: Path) -> None:
    path = tmp_path / "predictions"
    path.write_bytes(b"id,y\n" + b"".join(b"%d,nan\n" % i for i in range(1, 21)))
    with pytest.raises(PredictionsRefusedError) as refusal:
        read_predictions(path, form=form_of(IdKind.TEXT), ids=ids_of(IdKind.TEXT))
    findings = refusal.value.findings
    assert [finding.line for finding in findings] == [2, 3, 4, 5, 6, 7, 8, 9, 10, None]
    assert findings[-1].text == "... and 11 more."


def test_cut_file_is_told_by_its_missing_ids_first(tmp_path: Path) -> None:
    path = tmp_path / "predictions"
    path.write_bytes(b"id,y\n1,0.5\n2,0.5\n3")
    with pytest.raises(PredictionsRefusedError) as refusal:
        read_predictions(path, form=form_of(IdKind.TEXT), ids=ids_of(IdKind.TEXT))
    assert [finding.text for finding in refusal.value.findings] == [
        "18 of 20 ids are missing, first '3'.",
        "Line 4 has 1 field; expected 2. It is the last line: was the file cut short?",
    ]


@pytest.mark.parametrize("kind", IdKind)
def test_no_prefix_of_a_file_passes_unless_every_row_is_whole(kind: IdKind, verdicts: Ways) -> None:
    whole = b"id,y\n" + b"".join(b"%d,0.25\n" % i for i in range(1, 21))
    for length in range(len(whole)):
        said = verdicts(whole[:length], form_of(kind), ids_of(kind))
        # from "20,0" on, a last number cut in the middle is a number: the hash of the upload tells
        passes = length > len(whole) - len(b"0.25\n")
        assert isinstance(said.careful[0], bytes) == passes
        assert said.general in (None, said.careful)
        assert said.fast in (None, said.careful)

"""JSON is read as its standard has it, and numbers keep the text they were written in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.landing.errors import RowRejected
from lead_handoff.landing.readers.jsonl import parse_line
from lead_handoff.landing.strict_json import compact

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(
        exclude_characters="\0", exclude_categories=["Cs"])) | st.floats(allow_nan=False,
                                                                         allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(
        exclude_characters="\0", exclude_categories=["Cs"])), inner),
)  # fmt: skip


@given(values)
def test_what_is_json_survives_reading_and_writing(value: object) -> None:
    text = json.dumps(value)
    assert json.loads(compact(parse_line(text.encode()))) == json.loads(text)


def test_numbers_keep_their_text() -> None:
    text = '{"a":1.50,"b":-0,"c":1E5,"d":[0.10]}'
    assert compact(parse_line(text.encode())) == text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"NaN", "not_a_number"), (b"Infinity", "not_a_number"), (b"-Infinity", "not_a_number"),
        (b"[NaN]", "not_a_number"), (b'{"a": -NaN}', "invalid_json"),
        (b"1e400", "number_out_of_range"),
        (b"-1e400", "number_out_of_range"), (b"9223372036854775808", "number_out_of_range"),
        (b"-9223372036854775809", "number_out_of_range"), (b"1" * 5_000, "number_out_of_range"),
        (b"[" * 100_000, "nested_too_deep"), (b'{"a":' * 100_000, "nested_too_deep"),
        (b'{"a": 1, "a": 1}', "duplicate_keys"), (b'[{"b": {"a": 1, "a": 2}}]', "duplicate_keys"),
        (rb'"\u0000"', "nul_byte"), (rb'{"\u0000": 1}', "nul_byte"), (rb'"\\\u0000"', "nul_byte"),
        (b'"\0"', "nul_byte"), (rb'"\ud800"', "bad_encoding"), (rb'{"\udc00": 1}', "bad_encoding"),
        (b'"\xff"', "bad_encoding"), (b"{} {}", "extra_data"), (b"1 2", "extra_data"),
        (b"[1,]", "invalid_json"), (b"{a: 1}", "invalid_json"), (b"'a'", "invalid_json"),
        (b"01", "extra_data"), (b"+1", "invalid_json"), (b".5", "invalid_json"),
        (b"1.", "extra_data"),
        (b"0x1f", "extra_data"), (b"[1", "invalid_json"), (b'{"a":}', "invalid_json"),
        (b'"a\tb"', "invalid_json"), (rb'"\x41"', "invalid_json"), (rb'"\u12"', "invalid_json"),
        (b"True", "invalid_json"), (b"nul", "invalid_json"), (b"// a\n1", "invalid_json"),
        (b"", "invalid_json"), (b"]", "invalid_json"), (b'["a" "b"]', "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"), ("１".encode(), "invalid_json"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused_by_its_reason(line: bytes, reason: str) -> None:
    with pytest.raises(RowRejected) as refused:
        parse_line(line)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    "line",
    [b" [] ", b"\t{}\r", b"null", b'""', b"-0", b"-0.0e+1", b"1E-2", rb'"\uD834\uDD1E"',
     rb'"\\u0000"', b'"\x7f"', '"\u2028"'.encode(), rb'"\/\b\f\n\r\t\"\\"', b'{"":0}',
     b"9223372036854775807", b'{"a":{"a":1}}', b"[[],[[]]]", b"123e65", b"0.1e-7"],
)  # fmt: skip
def test_what_is_json_is_accepted(line: bytes) -> None:
    assert json.loads(compact(parse_line(line))) == json.loads(line)

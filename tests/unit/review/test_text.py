"""Text in a case file starts no formula, loses nothing, and shows no addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_handoff.review.text import guard, unguard, without_contacts

PAYLOADS = [
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\xa0=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "\u22121",
    "|calc",
    "%0A=1",
    "\x00=1",
    "\x1b=1",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_formula_is_disarmed(payload: str) -> None:
    assert guard(payload) == "'" + payload


@given(st.text())
def test_the_original_is_had_back(text: str) -> None:
    assert unguard(guard(text)) == text


@given(st.text())
def test_no_shown_text_starts_dangerously(text: str) -> None:
    shown = guard(text)
    assert not shown.strip().startswith(("=", "+", "-", "@"))
    assert not shown.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("text", ["No budget", "1 of 3", "a=b", "", "Größe", "2026-05-01"])
def test_harmless_text_is_left_alone(text: str) -> None:
    assert guard(text) == text


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("ask jane.doe@example.com again", "ask [address removed] again"),
        ("call +1 (555) 010-9999 after May", "call [number removed] after May"),
        ("tel. 030/1234567.", "tel. [number removed]."),
        ("no budget until 2027", "no budget until 2027"),
        ("score 45, needs 60", "score 45, needs 60"),
    ],
)
def test_addresses_and_numbers_are_removed(typed: str, shown: str) -> None:
    assert without_contacts(typed) == shown

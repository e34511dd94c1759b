"""A deviation is that of a share by the rule of succession, in thousandths."""

import pytest

from lead_handoff.review.deviations import deviation


@pytest.mark.parametrize(
    ("invalid", "judged", "expected"),
    [
        (0, 0, 500),  # p = 1/2: nothing is known, so it varies most
        (4, 8, 500),  # p = 5/10
        (0, 8, 300),  # p = 1/10, and the root of 9/100
        (8, 8, 300),
        (0, 98, 99),  # p = 1/100: the root of 99/10,000 is 0.0994...
        (1, 8, 400),  # p = 2/10
        (0, 10**9, 1),  # never nothing at all
    ],
)
def test_hand_worked_deviations(invalid: int, judged: int, expected: int) -> None:
    assert deviation(invalid, judged) == expected

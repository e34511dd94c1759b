"""The policy says how many cases a month gives, and says clearly what it cannot say."""

from pathlib import Path

import pytest

from lead_handoff.review.errors import PolicyError
from lead_handoff.review.policy import read_policy

GOOD = {
    "strata": "team|exit_kind",
    "minimum_per_stratum": "2",
    "sample_size": "30",
    "census_below": "20",
    "census": "false",
    "allocation": "proportional",
    "reviewers": "somebody|somebody else",
}


def write(folder: Path, settings: dict[str, str]) -> Path:
    lines = ["agreement_version,setting,value"]
    lines += [f'v1,{setting},"{value}"' for setting, value in settings.items()]
    (folder / "agreement_review_policy.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_fixed_capacity_is_the_size(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, GOOD), "v1")
    assert [policy.size_for(population) for population in (0, 19, 25, 30, 31, 10_000)] == [
        0,
        19,
        25,
        30,
        30,
        30,
    ]


def test_a_small_month_and_a_census_are_reviewed_whole(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, GOOD | {"census_below": "100"}), "v1")
    assert (policy.size_for(99), policy.size_for(100)) == (99, 30)
    policy = read_policy(write(tmp_path, GOOD | {"census": "true"}), "v1")
    assert policy.size_for(12_345) == 12_345


def test_a_precision_gives_the_textbook_size_with_finite_population(tmp_path: Path) -> None:
    settings = GOOD | {"sample_size": "", "half_width": "0.1", "confidence": "0.95"}
    policy = read_policy(write(tmp_path, settings), "v1")
    # 1.96^2 / (4 * 0.1^2) = 96.04 without limit; of 500: 96.04 / (1 + 95.04 / 500) = 80.7
    assert (policy.size_for(10**9), policy.size_for(500)) == (97, 81)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("strata", ""),
        ("strata", "team|rep"),
        ("strata", "team|team"),
        ("sample_size", "many"),
        ("sample_size", "0"),
        ("sample_size", "-3"),
        ("sample_size", ""),
        ("minimum_per_stratum", "1.5"),
        ("census", "maybe"),
        ("allocation", "optimal"),
        ("personal_data", "names"),
        ("half_width", "2"),
        ("default_seed", "x" * 195),
        ("months_reviewed_from", "April"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(PolicyError, match=setting):
        read_policy(write(tmp_path, GOOD | {setting: value}), "v1")


def test_a_version_without_a_policy_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="'v9'"):
        read_policy(write(tmp_path, GOOD), "v9")
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "nowhere", "v1")

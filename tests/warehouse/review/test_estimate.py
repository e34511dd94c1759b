"""A month's verdicts become bounds on the whole month, a decision, and causes; nobody is named."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lead_handoff.review.draw import DrawResult
from lead_handoff.review.errors import ReviewError
from lead_handoff.review.estimate import estimate_month
from lead_handoff.review.intake import accept_file
from tests.warehouse.review.small_company import write_agreement
from tests.warehouse.review.test_intake import doubled, filled, save

ALL = ("ann", "bob", "chair")


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(
        tmp_path / "agreement", reviewers="ann|bob|chair", quorum="2", double_review_share="0.2"
    )


@pytest.fixture
def estimate(
    warehouse: Any, drawn: DrawResult, agreement: Path, tmp_path: Path
) -> Callable[..., dict[str, Any]]:
    """Return these rows as these reviewers, then estimate."""

    def call(*returned: tuple[str, list[dict[str, str]]]) -> dict[str, Any]:
        for number, (reviewer, rows) in enumerate(returned):
            accept_file(
                save(tmp_path / f"{number}.csv", rows),
                reviewer=reviewer.replace("decision", "chair"),
                warehouse_url=warehouse.url(),
                agreement_dir=agreement,
                is_adjudication=reviewer == "decision",
            )
        return estimate_month(
            "2026-05",
            warehouse_url=warehouse.url(),
            out_dir=tmp_path / "review",
            agreement_dir=agreement,
        )

    return call


Estimate = Callable[..., dict[str, Any]]


def test_without_verdicts_everything_is_possible(estimate: Estimate) -> None:
    found = estimate()
    whole = found["month_as_a_whole"]
    assert (whole["invalid_at_least"], whole["invalid_at_most"]) == (0, 60)
    assert found["decision"]["name"] == "open"


def test_mostly_valid_points_at_marketing_and_mostly_invalid_at_sales(
    drawn: DrawResult, estimate: Estimate
) -> None:
    cause = "lead did not meet the definition"
    found = estimate(*((each, filled(drawn, each, Cause=cause)) for each in ALL))
    assert found["decision"]["name"] == "mostly_valid"
    assert found["causes"] == [{"verdict": "valid", "cause": cause, "cases": drawn.sample_size}]
    again = estimate(*((each, filled(drawn, each, Verdict="invalid")) for each in ALL))
    assert again["decision"]["name"] == "mostly_invalid"


def test_a_disputed_case_is_unknown_until_the_chair_decides(
    drawn: DrawResult, estimate: Estimate
) -> None:
    invalid = [doubled(drawn) | {"Verdict": "invalid"}]
    found = estimate(("ann", filled(drawn)), ("bob", invalid))
    assert sum(each["disputed"] for each in found["strata"]) == 1
    assert found["quorum"] == {"wanted": 2, "reviewers": 2, "missing": ["an executive"]}
    found = estimate(("decision", invalid))
    assert sum(each["disputed"] for each in found["strata"]) == 0
    assert sum(each["invalid"] for each in found["strata"]) == 1


def test_the_files_are_the_owners_alone_and_name_nobody(
    drawn: DrawResult, estimate: Estimate
) -> None:
    found = estimate(("ann", filled(drawn)), ("bob", filled(drawn, "bob")[:4]))
    path = drawn.folder / "estimate.json"
    page = drawn.folder / "estimate.md"
    assert json.loads(path.read_text(encoding="utf-8")) == found
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path, page)} == {0o600}
    text = path.read_text(encoding="utf-8") + page.read_text(encoding="utf-8")
    assert [
        name for name in ("ann", "bob", "rep-1") if f'"{name}"' in text or f" {name} " in text
    ] == []
    before = text
    estimate()
    assert path.read_text(encoding="utf-8") + page.read_text(encoding="utf-8") == before


@pytest.mark.usefixtures("drawn")
def test_a_month_that_is_not_drawn_is_refused(
    warehouse: Any, agreement: Path, tmp_path: Path
) -> None:
    with pytest.raises(ReviewError, match="2026-04 is not drawn"):
        estimate_month(
            "2026-04",
            warehouse_url=warehouse.url(),
            out_dir=tmp_path / "review",
            agreement_dir=agreement,
        )

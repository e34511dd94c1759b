"""A drawn sample is extended without redrawing: what was there stays, verdicts included."""

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lead_handoff.review import verify, verify_reviewers
from lead_handoff.review.draw import DrawResult
from lead_handoff.review.errors import ExtensionError, FilesChangedError, PopulationChangedError
from lead_handoff.review.estimate import estimate_month
from lead_handoff.review.extend import extend_month
from lead_handoff.review.intake import accept_file
from tests.warehouse.review.small_company import SmallCompany, may_of, write_agreement
from tests.warehouse.review.test_intake import filled, rows_of, save

Extend = Callable[..., DrawResult]


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(
        tmp_path / "agreement", reviewers="ann|bob|chair", quorum="2", double_review_share="0.2"
    )


@pytest.fixture
def drawn(company: SmallCompany, warehouse: Any, draw: Callable[..., DrawResult]) -> DrawResult:
    may_of(company, 150)
    company.publish(warehouse.url())
    return draw()


@pytest.fixture
def extend(warehouse: Any, agreement: Path, tmp_path: Path) -> Extend:
    def call(size: int, month: str = "2026-05") -> DrawResult:
        return extend_month(
            month,
            size,
            warehouse_url=warehouse.url(),
            out_dir=tmp_path / "review",
            agreement_dir=agreement,
        )

    return call


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def sample_of(result: DrawResult) -> list[dict[str, Any]]:
    sample: list[dict[str, Any]] = json.loads(result.manifest.read_text(encoding="utf-8"))["sample"]
    return sample


def test_the_larger_sample_holds_the_smaller_one_and_its_files_stay(
    warehouse: Any, drawn: DrawResult, extend: Extend
) -> None:
    before = contents(drawn.folder)
    first = extend(45)
    second = extend(60)
    assert [each.sample_size for each in (drawn, first, second)] == [30, 45, 60]
    after = contents(drawn.folder)
    assert {name: after[name] for name in before} == before
    assert {path.name for path in second.files} <= set(after)
    samples = [sample_of(each) for each in (drawn, first, second)]
    for smaller, larger in pairwise(samples):
        known = {case["handoff_id"]: case for case in larger}
        assert all(known[case["handoff_id"]] == case for case in smaller)
    assert Counter(case.get("extension", 0) for case in samples[2]) == {0: 30, 1: 15, 2: 15}
    with psycopg.connect(warehouse.url()) as connection:
        numbers = connection.execute(
            "select extension, min(case_number), max(case_number) from review.sample"
            " group by extension order by extension"
        ).fetchall()
    assert numbers == [(0, 1, 30), (1, 31, 45), (2, 46, 60)]


def test_each_manifest_is_redrawn_and_names_the_one_before_it(
    drawn: DrawResult, extend: Extend
) -> None:
    manifests = [drawn.manifest, extend(45).manifest, extend(60).manifest]
    assert [path.name for path in manifests] == [
        "manifest.json",
        "manifest-extension-1.json",
        "manifest-extension-2.json",
    ]
    for path in manifests:
        assert verify.main(str(path)) == 0
        assert verify_reviewers.main(str(path)) == 0
    told = json.loads(manifests[2].read_text(encoding="utf-8"))
    assert told["extends"]["sample_size"] == 45
    assert told["extends"]["sha256"] == verify.hashlib.sha256(manifests[1].read_bytes()).hexdigest()
    told["sample"][-1]["reviewers"] = ["bob", "chair"]
    manifests[2].write_text(json.dumps(told), encoding="utf-8")
    assert verify_reviewers.main(str(manifests[2])) == 1


def test_reviewers_get_the_added_cases_alone_and_the_estimate_counts_all(
    warehouse: Any, drawn: DrawResult, extend: Extend, agreement: Path, tmp_path: Path
) -> None:
    def estimate() -> dict[str, Any]:
        return estimate_month(
            "2026-05",
            warehouse_url=warehouse.url(),
            out_dir=tmp_path / "review",
            agreement_dir=agreement,
        )

    def accept(path: Path) -> int:
        return accept_file(
            path, reviewer="ann", warehouse_url=warehouse.url(), agreement_dir=agreement
        ).verdicts

    early = filled(drawn)
    assert accept(save(tmp_path / "early.csv", early)) == len(early)
    before = estimate()
    extend(60)
    (added,) = drawn.folder.glob("cases-extension-1-?-ann.csv")
    rows = rows_of(drawn)
    new = [row | {"Verdict": "invalid"} for row in rows_in(added)]
    assert not {row["Token"] for row in new} & {row["Token"] for row in rows}
    assert accept(save(tmp_path / "late.csv", new)) == len(new)
    # A file of the first draw is still taken.
    early[0]["Verdict"] = "invalid"
    assert accept(save(tmp_path / "corrected.csv", early)) == len(early)
    after = estimate()
    assert [sum(each["cases"] for each in told["strata"]) for told in (before, after)] == [30, 60]
    assert sum(each["invalid"] for each in after["strata"]) > len(new) // 2
    assert before["draw_id"] == after["draw_id"]


def rows_in(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_added_cases_are_dealt_out_evenly_and_doubled_by_the_same_share(
    drawn: DrawResult, extend: Extend
) -> None:
    sample = sample_of(extend(60))
    added = [case for case in sample if case.get("extension")]
    assert sum(len(case["reviewers"]) == 2 for case in added) == 6  # a fifth of thirty
    load = Counter(reviewer for case in sample for reviewer in case["reviewers"])
    assert max(load.values()) - min(load.values()) <= 2


def test_the_same_extension_again_changes_nothing_and_brings_lost_files_back(
    drawn: DrawResult, extend: Extend, draw: Callable[..., DrawResult]
) -> None:
    first = extend(45)
    finished = contents(drawn.folder)
    (drawn.folder / "manifest-extension-1.json").unlink()
    first.workbook.unlink()
    again = extend(45)
    assert (first.newly_drawn, again.newly_drawn) == (True, False)
    assert contents(drawn.folder) == finished
    first.workbook.unlink()
    draw()
    assert contents(drawn.folder) == finished


def test_what_cannot_be_extended_is_refused_and_logged(
    warehouse: Any, drawn: DrawResult, extend: Extend
) -> None:
    for size in (1, 30):
        with pytest.raises(ExtensionError, match="has 30 cases already; give a size above 30"):
            extend(size)
    with pytest.raises(ExtensionError, match="is not drawn"):
        extend(60, month="2026-04")
    assert extend(10_000).sample_size == drawn.population_size == 150
    with pytest.raises(ExtensionError, match="all 150 handoffs"):
        extend(20_000)
    with psycopg.connect(warehouse.url()) as connection:
        events = connection.execute("select event from review.log order by entry").fetchall()
    assert [event for (event,) in events if event in ("refused", "extended")] == [
        *("refused", "refused", "refused", "extended", "refused")
    ]


def test_a_population_that_changed_after_the_draw_is_not_extended(
    warehouse: Any, drawn: DrawResult, extend: Extend
) -> None:
    with psycopg.connect(warehouse.url("admin")) as connection:
        connection.execute("alter table review.population disable trigger all")
        connection.execute(
            "delete from review.population where handoff_id = (select min(handoff_id) from"
            " review.population where handoff_id not in (select handoff_id from review.sample))"
        )
    with pytest.raises(PopulationChangedError):
        extend(60)
    assert not (drawn.folder / "manifest-extension-1.json").exists()


def test_an_altered_manifest_is_refused(drawn: DrawResult, extend: Extend) -> None:
    extend(45).manifest.write_text("{}")
    with pytest.raises(FilesChangedError, match=r"manifest-extension-1\.json is not the file"):
        extend(45)


def test_an_extension_is_recorded_for_good(
    warehouse: Any, drawn: DrawResult, extend: Extend
) -> None:
    extend(45)
    with (
        psycopg.connect(warehouse.url()) as connection,
        pytest.raises(psycopg.errors.DatabaseError, match="never changed"),
    ):
        connection.execute("update review.extensions set sample_size = 1")


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [
        "review.before_extension_commit",
        "review.after_extension_commit",
        "review.after_manifest-extension-1.json",
    ],
)
def test_a_killed_extension_is_finished_by_the_next_call(
    warehouse: Any, drawn: DrawResult, extend: Extend, agreement: Path, tmp_path: Path, step: str
) -> None:
    code = (
        "import sys; from pathlib import Path; from lead_handoff.review.extend import extend_month;"
        "extend_month('2026-05', 45, warehouse_url=sys.argv[1], out_dir=Path(sys.argv[2]),"
        " agreement_dir=Path(sys.argv[3]))"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, warehouse.url(), str(tmp_path / "review"), str(agreement)],
        env={**os.environ, "HANDOFF_KILL_AT": step, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -9, "the step was not reached"
    result = extend(45)
    assert result.sample_size == 45
    assert verify.main(str(result.manifest)) == 0
    assert {path.name for path in (tmp_path / "review").iterdir()} == {"2026-05", ".pseudonym-key"}

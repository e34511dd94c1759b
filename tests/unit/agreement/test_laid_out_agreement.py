"""The copy of the agreement that dbt reads has every column that the models rely on."""

import csv
import shutil
from pathlib import Path

import pytest

from lead_handoff import settings
from lead_handoff.agreement.vocabulary import FILES
from lead_handoff.dbt import project


def header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return next(csv.reader(lines))


def test_an_older_agreement_is_laid_out_with_the_columns_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path / "home"))
    example = settings.project_root() / "dbt_project" / project.AGREEMENT
    older = Path(shutil.copytree(example, tmp_path / "older"))
    for stem, file in FILES.items():
        later = [column.name for column in file.columns if column.may_be_absent]
        path = older / f"{stem}.csv"
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        with path.open("w", encoding="utf-8", newline="") as target:
            names = [name for name in file.names if name not in later]
            writer = csv.DictWriter(target, names, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    assert "scoring_rule_version" not in header(older / "agreement_versions.csv")

    laid_out = project.lay_out(older) / project.AGREEMENT
    for stem, file in FILES.items():
        assert sorted(header(laid_out / f"{stem}.csv")) == sorted(file.names), stem
    assert "scoring_rule_version" not in header(older / "agreement_versions.csv")

"""A month's files reach a folder or an object store whole, and nothing there is lost."""

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath

from lead_handoff.review import delivery, verify
from lead_handoff.review.delivery import deliver
from lead_handoff.review.draw import DrawResult
from lead_handoff.review.errors import DeliveryError, FilesChangedError
from lead_handoff.review.estimate import estimate_month
from lead_handoff.review.extend import extend_month
from lead_handoff.review.intake import accept_file
from tests.warehouse.review.small_company import write_agreement
from tests.warehouse.review.test_intake import filled, save

Estimate = Callable[[], None]


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(tmp_path / "agreement", reviewers="ann|bob|chair", quorum="2")


@pytest.fixture(params=["a folder", "an object store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "a folder":
        yield str(tmp_path / "share" / "review")
    else:
        name = f"/bucket-{uuid4().hex}"
        yield f"memory:/{name}/review"
        MemoryFileSystem().rm(name, recursive=True)


@pytest.fixture
def estimate(warehouse: Any, drawn: DrawResult, agreement: Path, tmp_path: Path) -> Estimate:
    def call() -> None:
        estimate_month(
            "2026-05",
            warehouse_url=warehouse.url(),
            out_dir=tmp_path / "review",
            agreement_dir=agreement,
        )

    return call


def contents(folder: Any) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_files_arrive_and_the_copy_can_be_verified(
    drawn: DrawResult, place: str, tmp_path: Path
) -> None:
    delivered = deliver(drawn.folder, place)
    assert delivered.place == f"{place}/2026-05"
    assert delivered.written[-1] == "manifest.json"
    there = contents(UPath(place) / "2026-05")
    assert there == contents(drawn.folder)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, content in there.items():
        (copy / name).write_bytes(content)
    assert verify.main(str(copy / "manifest.json")) == 0
    assert deliver(drawn.folder, place).written == ()


def test_in_a_folder_files_are_the_owners_alone(drawn: DrawResult, tmp_path: Path) -> None:
    deliver(drawn.folder, str(tmp_path / "share"))
    month = tmp_path / "share" / "2026-05"
    assert stat.S_IMODE(month.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in month.iterdir()} == {0o600}


def test_what_came_later_is_added_and_a_newer_estimate_replaces_the_older_one(
    warehouse: Any,
    drawn: DrawResult,
    estimate: Estimate,
    agreement: Path,
    place: str,
    tmp_path: Path,
) -> None:
    estimate()
    deliver(drawn.folder, place)
    first = contents(UPath(place) / "2026-05")
    accept_file(
        save(tmp_path / "ann.csv", filled(drawn)),
        reviewer="ann",
        warehouse_url=warehouse.url(),
        agreement_dir=agreement,
    )
    extend_month(
        "2026-05",
        45,
        warehouse_url=warehouse.url(),
        out_dir=tmp_path / "review",
        agreement_dir=agreement,
    )
    estimate()
    written = deliver(drawn.folder, place).written
    second = contents(UPath(place) / "2026-05")
    assert second == contents(drawn.folder)
    assert {name for name in first if first[name] != second[name]} == {
        *("estimate.json", "estimate.md", "manifest-estimate.json")
    }
    assert {*written[-2:]} == {"manifest-estimate.json", "manifest-extension-1.json"}


def test_a_case_file_that_somebody_filled_in_there_stays(drawn: DrawResult, place: str) -> None:
    deliver(drawn.folder, place)
    path = UPath(place) / "2026-05" / "cases-1-ann.csv"
    path.write_bytes(b"filled in")
    (drawn.folder / "cases-2-bob.csv").write_bytes(b"filled in here")
    again = deliver(drawn.folder, place)
    assert (again.written, again.kept) == ((), ("cases-1-ann.csv",))
    assert path.read_bytes() == b"filled in"
    (UPath(place) / "2026-05" / "cases-2-bob.csv").unlink()
    assert deliver(drawn.folder, place).kept == ("cases-1-ann.csv", "cases-2-bob.csv")


@pytest.mark.parametrize("name", ["manifest.json", "population.jsonl"])
def test_the_evidence_of_another_draw_is_not_overwritten(
    drawn: DrawResult, place: str, name: str
) -> None:
    deliver(drawn.folder, place)
    path = UPath(place) / "2026-05" / name
    path.write_bytes(b"{}")
    with pytest.raises(FilesChangedError, match=name):
        deliver(drawn.folder, place)
    assert path.read_bytes() == b"{}"


def test_a_store_that_loses_bytes_is_noticed(
    drawn: DrawResult, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        delivery, "_write", lambda source, target: target.write_bytes(source.read_bytes()[:-1])
    )
    with pytest.raises(DeliveryError, match="gave back another"):
        deliver(drawn.folder, place)


def test_a_place_that_cannot_be_written_is_named_without_its_password(
    drawn: DrawResult, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for place in (
        "ftp://ann:secret@127.0.0.1:1/review",
        "nowhere://ann:secret@bucket/review",
        str(tmp_path / "file"),
    ):
        with pytest.raises(DeliveryError, match="HANDOFF_REVIEW_DELIVERY") as error:
            deliver(drawn.folder, place)
        assert "secret" not in str(error.value)
        assert str(drawn.folder) in str(error.value)


def test_the_estimate_is_listed_with_the_manifest_that_it_counts_by(
    drawn: DrawResult, estimate: Estimate
) -> None:
    estimate()
    told = json.loads((drawn.folder / "manifest-estimate.json").read_text(encoding="utf-8"))
    sha256 = delivery.files.sha256_of
    assert told["files"] == {
        name: sha256(drawn.folder / name) for name in ("estimate.json", "estimate.md")
    }
    assert told["estimates"] == {"file": "manifest.json", "sha256": sha256(drawn.manifest)}

"""The review's folder: calls under way do not disturb each other, what killed ones left goes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from lead_handoff.review import files

MONTH = "2026-05"


def test_a_folder_that_was_made_and_not_yet_locked_survives_the_sweep_of_another_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call comes while the first stands between making its folder and locking it."""
    made, ended = Event(), Event()
    mkdir = Path.mkdir

    def slow_mkdir(path: Path, *args: Any, **kwargs: Any) -> None:
        mkdir(path, *args, **kwargs)
        if path.name.endswith(".partial") and not made.is_set():
            made.set()
            ended.wait(0.3)  # longer than a whole call takes, unless that call has to wait for us

    monkeypatch.setattr(Path, "mkdir", slow_mkdir)

    def first() -> bool:
        with files.workspace(tmp_path, MONTH) as folder:
            files.write(folder / "file", [b"x"])
            return (folder / "file").exists()

    def second() -> None:
        assert made.wait(5)
        with files.workspace(tmp_path, MONTH):
            ended.set()

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(first), pool.submit(second)]
        assert results[0].result() is True
        results[1].result()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_stays_and_that_of_a_killed_call_is_removed(tmp_path: Path) -> None:
    left_over = tmp_path / f".{MONTH}.0000.partial"
    left_over.mkdir()
    (left_over / "half").write_bytes(b"x")
    other_month = tmp_path / ".2026-04.0000.partial"
    other_month.mkdir()
    with files.workspace(tmp_path, MONTH) as first:
        assert not left_over.exists()
        with files.workspace(tmp_path, MONTH) as second:
            assert first.is_dir()
            assert second != first
        assert first.is_dir()
    assert list(tmp_path.iterdir()) == [other_month]

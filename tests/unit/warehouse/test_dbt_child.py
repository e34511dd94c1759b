"""What dbt's child process keeps, and what it tells."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from lead_handoff.dbt import child


class Manifest:
    """Like dbt's: it can be written."""

    def __init__(self, text: str) -> None:
        self.text = text

    def write(self, path: str) -> None:
        Path(path).write_text(self.text)
        if self.text == "broken off":
            raise KeyboardInterrupt


def parsed_at(target: Path, seconds: int) -> None:
    """Leave a parsed project behind, as dbt does when it has parsed something."""
    (target / "partial_parse.msgpack").touch()
    os.utime(target / "partial_parse.msgpack", (seconds, seconds))


def test_the_manifest_is_written_once_for_what_was_parsed(tmp_path: Path) -> None:
    kept = tmp_path / "manifest.json"
    parsed_at(tmp_path, 1)
    child.keep_manifest(Manifest("first"), tmp_path)
    os.utime(kept, (2, 2))
    child.keep_manifest(Manifest("the same"), tmp_path)
    assert kept.read_text() == "first"
    parsed_at(tmp_path, 2)  # within one tick of the clock: which came first cannot be told
    child.keep_manifest(Manifest("second"), tmp_path)
    assert kept.read_text() == "second"


def test_half_a_manifest_is_never_kept(tmp_path: Path) -> None:
    parsed_at(tmp_path, 1)
    with pytest.raises(KeyboardInterrupt):
        child.keep_manifest(Manifest("broken off"), tmp_path)
    assert not (tmp_path / "manifest.json").exists()
    child.keep_manifest(Manifest("whole"), tmp_path)
    assert (tmp_path / "manifest.json").read_text() == "whole"


def test_what_dbt_does_not_say_of_its_end_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    teller = child.Teller()
    outcome = SimpleNamespace(exception=ValueError("no such option"))
    assert not child.complain(outcome, teller)
    assert capsys.readouterr().out == "ValueError: no such option\n"
    teller.has_told_an_error = True
    assert not child.complain(outcome, teller)
    assert capsys.readouterr().out == ""


def test_debugging_events_are_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    from dbt.events.types import MainReportVersion
    from dbt_common.events.base_types import EventLevel, msg_from_base_event

    teller = child.Teller()
    event = MainReportVersion(version="1", log_version=3)
    teller.hear(msg_from_base_event(event, level=EventLevel.DEBUG))
    teller.hear(msg_from_base_event(event, level=EventLevel.WARN))
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["info"]["level"] == "warn"
    assert not teller.has_told_an_error

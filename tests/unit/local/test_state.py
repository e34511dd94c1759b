"""Secrets, ports and state files of one home."""

import socket
import stat
import threading
from pathlib import Path

from lead_handoff.local import ports
from lead_handoff.local.files import exclusive, read_json, write_json
from lead_handoff.local.secrets import ensure_secrets


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    first = ensure_secrets(tmp_path)
    assert ensure_secrets(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert len(set(first.values())) == len(first), "no secret is used twice"
    assert all(len(value) >= 16 for value in first.values())


def test_two_homes_share_no_secret(tmp_path: Path) -> None:
    one, other = ensure_secrets(tmp_path / "one"), ensure_secrets(tmp_path / "other")
    assert not set(one.values()) & set(other.values())


def test_a_secret_added_by_a_newer_release_leaves_the_old_ones_alone(tmp_path: Path) -> None:
    old = {"handoff_owner": "kept"}
    write_json(tmp_path / "secrets.json", old)
    assert ensure_secrets(tmp_path)["handoff_owner"] == "kept"
    assert "airflow_fernet_key" in ensure_secrets(tmp_path)


def test_a_remembered_port_is_kept_while_it_is_free_and_left_when_it_is_taken() -> None:
    port = ports.choose()
    assert ports.choose(port) == port
    with socket.create_server((ports.LOOPBACK, port)):
        assert not ports.is_free(port)
        assert ports.choose(port) != port


def test_an_exclusive_section_is_entered_by_one_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(50):
            with exclusive(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) == 200


def test_a_missing_state_file_reads_as_empty(tmp_path: Path) -> None:
    assert read_json(tmp_path / "nothing.json") == {}

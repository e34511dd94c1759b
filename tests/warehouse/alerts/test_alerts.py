"""New findings are told of by mail and webhook, once a night, and nothing personal with them."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server

from lead_handoff.airflow import alerting
from lead_handoff.airflow.alerting import SMTP, WEBHOOK, AlertError, send_digest
from lead_handoff.alerts.digest import Line, read_digest
from tests.warehouse.by_hand import FIRST, Nights, nights_by_hand

SECRET = "s3cret-of-the-hook"
PERSON = "Ann Archer <ann@example.com>"


class Mailbox:
    """What a mail server took in."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refuses = False

    async def handle_DATA(self, server: Server, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "554 no room for this"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "retry_limit": 0,
        "to": "ops@example.com, boss@example.com",
        "from_email": "handoff@example.com",
    }
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{SMTP.upper()}",
        json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}),
    )
    yield box
    controller.stop()


class Hook:
    """What a webhook was sent, and how it answers."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.status = 200


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    seen = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if seen.status == 200:
                seen.received.append(json.loads(body))
            self.send_response(seen.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{WEBHOOK.upper()}", json.dumps({"conn_type": "http", "password": url})
    )
    yield seen
    server.shutdown()
    server.server_close()


class Told:
    """Publishes nights whose findings are given by hand."""

    def __init__(self, company: Nights) -> None:
        self.company = company
        self.owner = company.owner

    def publish(self, day: int, *findings: tuple[str | None, ...]) -> dict[str, Any]:
        """One night: findings as (id, rule, team, severity, grade, machine if one did it)."""
        night = FIRST + timedelta(days=day)
        names = ("finding_id", "rule", "team", "severity", "grade", "machine")
        more = {"message": f"{PERSON} did it.", "owner_id": "u-1", "lead_id": "lead-1"}
        rows = [dict(zip(names, finding, strict=False)) | more for finding in findings]
        self.company.build_findings(night, rows)
        self.company.publish("fct_integrity_findings")
        return {"night": night, "as_of": datetime(night.year, night.month, night.day, tzinfo=UTC)}


@pytest.fixture
def nights(warehouse: Any) -> Iterator[Told]:
    for company in nights_by_hand(warehouse):
        yield Told(company)


OLD = ("old", "stalled_lead", "East", "warning", "certain")
NEW = ("new", "silent_auto_promotion", "West", "critical", "likely")
WAIVED = ("waived", "missing_score", "East", "info", "certain")
TEAMLESS = ("teamless", "missing_score", None, "info", "certain")


def test_only_what_is_new_or_back_and_not_waived_is_told(nights: Told) -> None:
    nights.publish(0, OLD, TEAMLESS)
    nights.publish(1, OLD)
    shown = nights.publish(2, OLD, NEW, WAIVED, TEAMLESS)
    told = read_digest(nights.owner, shown["night"], shown["as_of"])
    assert told.lines == [
        Line("West", "critical", "silent_auto_promotion", 1, 0, {"likely": 1}, 1),
        Line("no team", "info", "missing_score", 0, 1, {"certain": 1}),
    ]


def test_what_one_machine_did_is_one_line_as_severe_as_its_worst(nights: Told) -> None:
    shown = nights.publish(
        0,
        ("a", "auto_acceptance", "East", "warning", "possible", "Flow (f)"),
        ("b", "auto_acceptance", "West", "critical", "likely", "Flow (f)"),
        ("c", "auto_acceptance", None, "critical", "likely", "Flow (f)"),
        ("d", "auto_acceptance", "West", "warning", "possible", "Sync (s)"),
    )
    told = read_digest(nights.owner, shown["night"], shown["as_of"])
    grades = {"possible": 1, "likely": 2}
    assert told.lines == [
        Line("all teams", "critical", "auto_acceptance", 3, 0, grades, 2, "Flow (f)"),
        Line("all teams", "warning", "auto_acceptance", 1, 0, {"possible": 1}, 0, "Sync (s)"),
    ]


def test_every_channel_is_told_once_a_night(nights: Told, mailbox: Mailbox, hook: Hook) -> None:
    shown = nights.publish(0, OLD, NEW)
    assert send_digest(shown) == [SMTP, WEBHOOK]
    assert send_digest(shown) == []
    (mail,) = mailbox.mails
    assert mail["Subject"] == (
        "Lead handoff, night of 2026-05-01: 2 new findings (1 certain, 1 likely), 1 critical"
    )
    assert mail["To"] == "ops@example.com, boss@example.com"
    assert mail["From"] == "handoff@example.com"
    page = mail.get_body(preferencelist=("html",)).get_content()
    assert "silent_auto_promotion" in page
    (payload,) = hook.received
    assert [line["team"] for line in payload["findings"]] == ["West", "East"]
    shown = nights.publish(1, OLD, NEW, TEAMLESS)
    assert send_digest(shown) == [SMTP, WEBHOOK]
    assert len(mailbox.mails) == len(hook.received) == 2


def test_nothing_of_a_person_or_a_lead_is_sent(nights: Told, mailbox: Mailbox, hook: Hook) -> None:
    send_digest(nights.publish(0, OLD, NEW))
    sent = mailbox.mails[0].as_string() + json.dumps(hook.received)
    for secret in ("Ann", "ann@", "lead-1", "u-1"):
        assert secret not in sent


def test_a_night_without_news_tells_nobody(nights: Told, mailbox: Mailbox) -> None:
    nights.publish(0, OLD)
    assert send_digest(nights.publish(1, OLD)) == []
    assert mailbox.mails == []


def test_one_channel_that_fails_does_not_silence_the_other_and_is_tried_again(
    nights: Told, mailbox: Mailbox, hook: Hook
) -> None:
    shown = nights.publish(0, NEW)
    hook.status = 500
    with pytest.raises(AlertError, match=f"{WEBHOOK}: the webhook answered 500") as failure:
        send_digest(shown)
    assert SECRET not in str(failure.value)
    assert len(mailbox.mails) == 1
    hook.status = 200
    assert send_digest(shown) == [WEBHOOK]
    assert len(mailbox.mails) == len(hook.received) == 1


def test_a_mail_server_that_refuses_is_named_and_tried_again(
    nights: Told, mailbox: Mailbox
) -> None:
    shown = nights.publish(0, NEW)
    mailbox.refuses = True
    with pytest.raises(AlertError, match=SMTP):
        send_digest(shown)
    mailbox.refuses = False
    assert send_digest(shown) == [SMTP]


def test_who_died_while_sending_is_not_repeated(
    nights: Told, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = nights.publish(0, NEW)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(alerting, "_post", die)
        with pytest.raises(KeyboardInterrupt):
            send_digest(shown)
    assert send_digest(shown) == []
    assert hook.received == []


def test_a_webhook_in_plain_http_is_refused(nights: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{WEBHOOK.upper()}",
        json.dumps({"conn_type": "http", "password": f"http://example.com/{SECRET}"}),
    )
    with pytest.raises(AlertError, match="beginning with https://") as failure:
        send_digest(nights.publish(0, NEW))
    assert SECRET not in str(failure.value)


def test_without_a_connection_nobody_is_told_and_the_night_goes_on(nights: Told) -> None:
    assert send_digest(nights.publish(0, NEW)) == []

"""Send the night's digest of new findings by e-mail and to a webhook, where these are set up.

Who is told stands in Airflow, where its secrets are kept:

- connection ``lead_handoff_smtp`` (type SMTP): the mail server; the extra field ``to`` lists the
  recipients, ``from_email`` the sender;
- connection ``lead_handoff_webhook``: the whole URL as its password, since such a URL is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lead_handoff import settings
from lead_handoff.addresses import is_private
from lead_handoff.airflow.telling import teller
from lead_handoff.errors import HandoffError

if TYPE_CHECKING:
    from lead_handoff.alerts.digest import Digest

SMTP = "lead_handoff_smtp"
WEBHOOK = "lead_handoff_webhook"
TIMEOUT_SECONDS = 30


class AlertError(HandoffError):
    """The digest could not be sent; the message names the connection and the remedy."""


def send_digest(published: Mapping[str, Any]) -> list[str]:
    """Tell each channel that is set up of the published night's new findings, once a night.

    Args:
        published: night and as_of of the generation that readers see.

    Returns the channels that were told.
    Raises AlertError naming every channel that failed; the others have been told.
    """
    import psycopg

    from lead_handoff.alerts.digest import read_digest
    from lead_handoff.alerts.once import once

    tell = teller("alert")
    url = settings.warehouse_url("owner")
    channels = {
        name: connection
        for name in (SMTP, WEBHOOK)
        if (connection := _connection(name)) is not None
    }
    if not channels:
        tell(f"nobody is told: neither connection {SMTP} nor {WEBHOOK} exists")
        return []
    with psycopg.connect(url) as connection:
        digest = read_digest(connection, published["night"], published["as_of"])
    if not digest.findings:
        tell("nobody is told: no finding is new")
        return []
    told, failed = [], []
    for name, channel in channels.items():
        try:
            with once(url, digest.as_of, name) as is_due:
                if is_due:
                    (_mail if name == SMTP else _post)(channel, digest)
                    told.append(name)
        except Exception as error:
            failed.append(f"{name}: {_reason(error)}")
    tell(f"{digest.findings} new findings told by {', '.join(told) or 'nobody anew'}")
    if failed:
        raise AlertError(
            "The digest of new findings was not sent:\n"
            + "\n".join(f"  - {one}" for one in failed)
            + "\nThe marts are published all the same. Correct the connection in Airflow and clear "
            "this task; who was told already is not told again."
        )
    return told


def _connection(name: str) -> Any:
    """A connection of Airflow's, or None where nobody set it up."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        return Connection.get(name)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None


def _mail(connection: Any, digest: Digest) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    to = str(connection.extra_dejson.get("to", "")).strip()
    if not to:
        raise AlertError("its extra field 'to' names no recipient")
    with SmtpHook(smtp_conn_id=SMTP) as hook:
        hook.send_email_smtp(
            to=to,
            subject=digest.subject,
            html_content=digest.as_html(),
            from_email=hook.from_email or "lead-handoff@localhost",
        )


def _post(connection: Any, digest: Digest) -> None:
    import httpx

    url = str(connection.password or "")
    if not is_private(url):
        raise AlertError("its password must be the webhook's URL, beginning with https://")
    answer = httpx.post(url, json=digest.as_payload(), timeout=TIMEOUT_SECONDS)
    if not answer.is_success:
        raise AlertError(f"the webhook answered {answer.status_code}")


def _reason(error: Exception) -> str:
    """What went wrong; of a foreign error its name only, as its text may hold a secret."""
    return str(error) if isinstance(error, AlertError) else type(error).__name__

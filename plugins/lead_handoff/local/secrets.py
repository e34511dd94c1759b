"""Generated passwords and keys of one HANDOFF_HOME, in a file only its owner can read."""

import base64
import os
import secrets
from pathlib import Path

from lead_handoff.local.files import exclusive, read_json, write_json

DATABASE_ROLES = (
    "handoff_admin",  # superuser of the embedded server; only the server manager uses it
    "airflow",
    "handoff_owner",
    "handoff_loader",
    "handoff_transformer",
    "handoff_analyst",
)


def ensure_secrets(home: Path) -> dict[str, str]:
    """The secrets of this home; whatever is missing is generated, whatever is there stays.

    Values are URL-safe text, so that they can stand in a DSN as they are.
    """
    path = home / "secrets.json"
    with exclusive(home / ".secrets.lock"):
        known: dict[str, str] = read_json(path)
        wanted = {role: secrets.token_urlsafe(24) for role in DATABASE_ROLES} | {
            "airflow_admin": secrets.token_urlsafe(12),
            "airflow_fernet_key": base64.urlsafe_b64encode(os.urandom(32)).decode(),
            "airflow_jwt_secret": secrets.token_urlsafe(48),
            "airflow_api_secret": secrets.token_urlsafe(48),
            "person_key": secrets.token_urlsafe(32),
        }
        complete = wanted | known
        if complete != known:
            write_json(path, complete, mode=0o600)
    return complete

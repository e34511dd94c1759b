"""What a child process of dbt is told: our environment without secrets, and one role's login."""

from __future__ import annotations

import os

from lead_handoff import settings

# Enough to run, none of our secrets.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH")

SILENT = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    "DBT_VERSION_CHECK": "False",
    "DO_NOT_TRACK": "1",
}
"""Nothing about a run is told to dbt's makers."""


def inherited() -> dict[str, str]:
    """What a child gets of our own environment."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed_on | {"PYTHONDONTWRITEBYTECODE": "1"}


def variables(role: str) -> dict[str, str]:
    """What `profiles.yml` and the database library read, for one role of the pipeline.

    Raises:
        SettingError: there is no warehouse yet.
    """
    from psycopg.conninfo import conninfo_to_dict

    url = {
        key: str(value)
        for key, value in conninfo_to_dict(settings.warehouse_url(role)).items()
        if value is not None
    }
    environment = SILENT | {
        "HANDOFF_DBT_HOST": url.get("host", "localhost"),
        "HANDOFF_DBT_PORT": url.get("port", "5432"),
        "HANDOFF_DBT_USER": url.get("user", ""),
        "HANDOFF_DBT_PASSWORD": url.get("password", ""),
        "HANDOFF_DBT_DBNAME": url.get("dbname", ""),
    }
    for parameter, variable in (("sslmode", "PGSSLMODE"), ("sslrootcert", "PGSSLROOTCERT")):
        if parameter in url:
            environment[variable] = url[parameter]
    return environment

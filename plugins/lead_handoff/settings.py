"""Paths and addresses, read from the environment each time they are asked for.

Importing this module does no work. Every setting has a default; a fresh checkout needs none:

| variable | default | meaning |
|---|---|---|
| ``HANDOFF_HOME`` | ``<checkout>/.handoff`` | all local state |
| ``HANDOFF_EXTRACTS`` | ``$HANDOFF_HOME/extracts`` | root of the file extracts |
| ``HANDOFF_AGREEMENT`` | ``dbt_project/seeds/agreement`` | folder with the agreement's CSVs |
| ``HANDOFF_JUDGING`` | ``expectations`` | folder with limits.yml and accepted.yml of one's own |
| ``HANDOFF_REVIEW_DELIVERY`` | nowhere | where the review's files are copied to, any store |
| ``HANDOFF_WAREHOUSE_URL`` | the embedded server | ``postgresql://…`` of a server of one's own |
| ``HANDOFF_ELT_LANDINGS`` | none | JSON: the schema of an ELT service per source that it lands |
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from lead_handoff.errors import HandoffError

WAREHOUSE_ROLES: Final = {
    "owner": "handoff_owner",
    "loader": "handoff_loader",
    "transformer": "handoff_transformer",
    "analyst": "handoff_analyst",
}
"""Short role name -> database role of the embedded warehouse."""


ELT_SOURCES: Final = ("salesforce", "marketo", "hubspot", "generic")
"""Sources whose tables may stand in a schema of the warehouse, see docs/connecting.md."""


class SettingError(HandoffError):
    """A setting names something unusable, or local state that it points to is not there yet."""


@dataclass(frozen=True)
class EltLanding:
    """A source that an ELT service lands in the warehouse.

    Attributes:
        schema: where the service keeps its tables.
        without: objects that it does not keep, as `folded`; they come as files.
    """

    schema: str
    without: frozenset[str] = frozenset()

    def keeps(self, name: str) -> bool:
        """Whether the service keeps an object, named as the source or its raw table is."""
        return folded(name) not in self.without


def folded(name: str) -> str:
    """A name as services spell it, without case and underscores.

    >>> folded("LeadHistory") == folded("lead_history")
    True
    """
    return name.strip().lower().replace("_", "")


def project_root() -> Path:
    """The checkout: the folder that holds dags/, plugins/ and dbt_project/."""
    return Path(__file__).resolve().parents[2]


def home() -> Path:
    """The folder of all local state; may not exist yet."""
    return _path("HANDOFF_HOME", project_root() / ".handoff")


def extracts_root() -> str:
    """Root of the extracts. A string, because it may name an object store instead of a folder."""
    given = os.environ.get("HANDOFF_EXTRACTS", "").strip()
    if "://" in given:
        return given
    return str(_path("HANDOFF_EXTRACTS", home() / "extracts"))


def agreement_dir() -> Path:
    """Folder with the agreement's CSV files."""
    return _path("HANDOFF_AGREEMENT", dbt_project_dir() / "seeds" / "agreement")


def dbt_project_dir() -> Path:
    """The dbt project."""
    return project_root() / "dbt_project"


def expectations_dir() -> Path:
    """Root of the Great Expectations file context."""
    return project_root() / "expectations"


def judging_dir() -> Path:
    """Folder with the company's limits and accepted exceptions; the project's own unless set.

    Raises:
        SettingError: the folder that HANDOFF_JUDGING names is not there.
    """
    folder = _path("HANDOFF_JUDGING", expectations_dir())
    if not folder.is_dir():
        raise SettingError(f"HANDOFF_JUDGING names {folder}, which is no folder; create it")
    return folder


def review_dir() -> Path:
    """Where drawn samples and their manifests are written."""
    return home() / "review"


def review_delivery() -> str | None:
    """Where the review's finished files are copied to: a path, an object store, or None."""
    given = os.environ.get("HANDOFF_REVIEW_DELIVERY", "").strip()
    if not given or "://" in given:
        return given or None
    return str(Path(given).expanduser().resolve())


def elt_landings() -> dict[str, EltLanding]:
    """The sources that an ELT service lands, by name; none unless HANDOFF_ELT_LANDINGS is set.

    Raises:
        SettingError: it is not of the form ``{"salesforce": {"schema": "…", "without": ["…"]}}``.
    """
    given = os.environ.get("HANDOFF_ELT_LANDINGS", "").strip()
    if not given:
        return {}
    try:
        content = json.loads(given)
    except ValueError as error:
        raise SettingError(f"HANDOFF_ELT_LANDINGS is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise SettingError('HANDOFF_ELT_LANDINGS must name sources: {"salesforce": {…}}')
    return {source: _elt_landing(source, landing) for source, landing in content.items()}


def _elt_landing(source: str, landing: Any) -> EltLanding:
    where = f"HANDOFF_ELT_LANDINGS, {source}"
    if source not in ELT_SOURCES:
        raise SettingError(
            f"{where}: only {', '.join(ELT_SOURCES)} are read from tables of the warehouse"
        )
    if not isinstance(landing, dict) or set(landing) - {"schema", "without"}:
        raise SettingError(f'{where}: give {{"schema": "…"}}, and "without" where need be')
    schema, without = landing.get("schema"), landing.get("without", [])
    if not isinstance(schema, str) or not schema.strip():
        raise SettingError(f"{where}: schema must name the schema of the service's tables")
    if not isinstance(without, list) or not all(isinstance(name, str) for name in without):
        raise SettingError(f"{where}: without must list the objects that the service lacks")
    return EltLanding(schema.strip(), frozenset(map(folded, without)))


def uses_own_warehouse() -> bool:
    """Whether the user brought a PostgreSQL of their own as the warehouse."""
    return bool(os.environ.get("HANDOFF_WAREHOUSE_URL", "").strip())


def separates_roles() -> bool:
    """Whether the pipeline's parts work in the warehouse under roles of their own."""
    return not uses_own_warehouse() or any(
        os.environ.get(f"HANDOFF_WAREHOUSE_URL_{role.upper()}", "").strip()
        for role in WAREHOUSE_ROLES
    )


def warehouse_url(role: str = "owner") -> str:
    """URL (``postgresql://…``, no driver in it) of the warehouse for one pipeline role.

    With HANDOFF_WAREHOUSE_URL set, every role uses that URL, unless HANDOFF_WAREHOUSE_URL_LOADER
    and its likes name one of its own: what roles exist there is its owner's affair.

    Raises:
        SettingError: the role is unknown, the given URL is no PostgreSQL URL, or the embedded
            server has never been started in this HANDOFF_HOME.
    """
    if role not in WAREHOUSE_ROLES:
        raise SettingError(
            f"there is no warehouse role {role!r}; choose one of {', '.join(WAREHOUSE_ROLES)}"
        )
    if uses_own_warehouse():
        variable = f"HANDOFF_WAREHOUSE_URL_{role.upper()}"
        if not os.environ.get(variable, "").strip():
            variable = "HANDOFF_WAREHOUSE_URL"
        scheme, separator, rest = os.environ[variable].strip().partition("://")
        if not separator or scheme not in ("postgresql", "postgres"):
            raise SettingError(f"{variable} must start with postgresql:// and name no driver")
        return f"postgresql://{rest}"
    return embedded_url(WAREHOUSE_ROLES[role], warehouse_database())


def warehouse_database() -> str:
    """Name of the warehouse's database on the embedded server (tests give each case its own)."""
    return os.environ.get("HANDOFF_WAREHOUSE_DATABASE", "").strip() or "warehouse"


def embedded_url(database_role: str, database: str) -> str:
    """URL of a database on the embedded server.

    Raises:
        SettingError: the server has never been started in this HANDOFF_HOME.
    """
    password = _state("secrets.json").get(database_role)
    port = _state("postgres.json").get("port")
    if password is None or port is None:
        raise SettingError(
            f"no embedded PostgreSQL has been set up in {home()}; run `make up` or `make demo`"
            " first, or set HANDOFF_WAREHOUSE_URL"
        )
    return f"postgresql://{database_role}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


def _path(variable: str, default: Path) -> Path:
    given = os.environ.get(variable, "").strip()
    return Path(given).expanduser().resolve() if given else default


def _state(name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((home() / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingError(
            f"{home() / name} cannot be read ({error}); remove it and start again"
        ) from error
    return content

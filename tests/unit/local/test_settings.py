"""What the settings promise: a default for each, no surprise from an odd environment."""

import json
from pathlib import Path

import pytest

from lead_handoff import settings

VARIABLES = (
    "HANDOFF_HOME",
    "HANDOFF_EXTRACTS",
    "HANDOFF_AGREEMENT",
    "HANDOFF_WAREHOUSE_URL",
    "HANDOFF_WAREHOUSE_DATABASE",
    "HANDOFF_ELT_LANDINGS",
    *(f"HANDOFF_WAREHOUSE_URL_{role.upper()}" for role in settings.WAREHOUSE_ROLES),
)


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_without_any_variable_all_state_is_in_the_checkout() -> None:
    root = settings.project_root()
    assert (root / "plugins" / "lead_handoff" / "settings.py").is_file()
    assert settings.home() == root / ".handoff"
    assert settings.extracts_root() == str(root / ".handoff" / "extracts")
    assert settings.agreement_dir() == root / "dbt_project" / "seeds" / "agreement"
    assert settings.review_dir() == root / ".handoff" / "review"


@pytest.mark.parametrize("blank", ["", "   "])
def test_a_blank_variable_is_like_none(blank: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, blank)
    assert settings.home() == settings.project_root() / ".handoff"
    assert settings.warehouse_database() == "warehouse"
    assert not settings.uses_own_warehouse()


def test_extracts_follow_the_home_unless_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path))
    assert settings.extracts_root() == str(tmp_path / "extracts")
    monkeypatch.setenv("HANDOFF_EXTRACTS", "s3://bucket/extracts")
    assert settings.extracts_root() == "s3://bucket/extracts"


def test_a_relative_home_is_meant_from_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDOFF_HOME", "state")
    assert settings.home() == tmp_path.resolve() / "state"


@pytest.mark.parametrize("role", sorted(settings.WAREHOUSE_ROLES))
def test_a_warehouse_of_ones_own_serves_every_role(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_WAREHOUSE_URL", "postgres://me:pw@db.example:5432/leads")
    assert settings.warehouse_url(role) == "postgresql://me:pw@db.example:5432/leads"


def test_a_role_may_have_an_address_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDOFF_WAREHOUSE_URL", "postgresql://owner@db/leads")
    assert not settings.separates_roles()
    monkeypatch.setenv("HANDOFF_WAREHOUSE_URL_LOADER", "postgresql://loader@db/leads")
    assert settings.separates_roles()
    assert settings.warehouse_url("loader") == "postgresql://loader@db/leads"
    assert settings.warehouse_url("analyst") == "postgresql://owner@db/leads"


@pytest.mark.parametrize("given", ["mysql://x/y", "postgresql+psycopg2://x/y", "leads"])
def test_a_url_that_libpq_cannot_read_is_refused_by_name(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_WAREHOUSE_URL", given)
    with pytest.raises(settings.SettingError, match="HANDOFF_WAREHOUSE_URL"):
        settings.warehouse_url()


def test_before_the_first_start_the_error_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path))
    with pytest.raises(settings.SettingError, match="make up"):
        settings.warehouse_url()


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    with pytest.raises(settings.SettingError, match="owner, loader, transformer, analyst"):
        settings.warehouse_url("root")


def test_a_password_is_quoted_into_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"handoff_loader": "a/b@c:d"}))
    (tmp_path / "postgres.json").write_text(json.dumps({"port": 5433}))
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path))
    assert settings.warehouse_url("loader") == (
        "postgresql://handoff_loader:a%2Fb%40c%3Ad@127.0.0.1:5433/warehouse"
    )


def test_a_broken_state_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secrets.json").write_text("{")
    monkeypatch.setenv("HANDOFF_HOME", str(tmp_path))
    with pytest.raises(settings.SettingError, match=r"secrets\.json"):
        settings.warehouse_url()


def test_an_elt_service_keeps_what_it_is_not_said_to_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.elt_landings() == {}
    given = {"salesforce": {"schema": "fivetran_salesforce", "without": ["opportunity_history"]}}
    monkeypatch.setenv("HANDOFF_ELT_LANDINGS", json.dumps(given))
    landing = settings.elt_landings()["salesforce"]
    assert landing.schema == "fivetran_salesforce"
    assert landing.keeps("LeadHistory")
    assert not landing.keeps("OpportunityHistory")
    assert not landing.keeps("opportunity_history")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("fivetran", "is no JSON"),
        ('["salesforce"]', "must name sources"),
        ('{"pardot": {"schema": "fivetran"}}', "only salesforce"),
        ('{"salesforce": "fivetran"}', '{"schema": "…"}'),
        ('{"salesforce": {"schema": "fivetran", "wihtout": []}}', '{"schema": "…"}'),
        ('{"salesforce": {"schema": " "}}', "must name the schema"),
        ('{"salesforce": {"schema": "fivetran", "without": "lead"}}', "must list the objects"),
    ],
)
def test_an_elt_service_wrongly_written_down_is_refused_by_name(
    given: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_ELT_LANDINGS", given)
    with pytest.raises(settings.SettingError, match=f"HANDOFF_ELT_LANDINGS.*{said}"):
        settings.elt_landings()

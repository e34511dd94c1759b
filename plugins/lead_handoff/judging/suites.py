"""Read the authored suites: ``expectations/suites/<suite>.yml`` and the SQL beside it.

A suite file names its expectations in order; each has one SQL file that selects the rows which
break it. Several expectations may share a SQL file by passing it different names. The SQL is a
Jinja template, as in dbt, but only quoted identifiers and literals ever enter it; the values of
the night reach it as session settings (``current_setting('judging.night')`` and so on).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lead_handoff import settings
from lead_handoff.agreement.vocabulary import SEVERITIES
from lead_handoff.authored import read_yaml
from lead_handoff.judging.results import JudgingError

NAME = re.compile(r"[a-z][a-z0-9_]{2,90}")
RELATION = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
SUITE_FIELDS = {"suite", "purpose", "anchor", "tables", "expectations"}
EXPECTATION_FIELDS = {"name", "says", "table", "remedy", "sql", "with", "acceptable", "severity"}
REQUIRED_FIELDS = {"name", "says", "table", "remedy"}


class SuiteError(JudgingError):
    """A suite is missing or wrongly written; the message names file and place."""


@dataclass(frozen=True)
class Expectation:
    """One authored expectation.

    ``sql_file`` selects the keys of the rows that break it. ``acceptable`` says whether a person
    may let single keys through (statistical judgements may, broken keys may not).
    """

    name: str
    says: str
    table: str
    remedy: str
    sql_file: str
    names: Mapping[str, Any]
    acceptable: bool
    severity: str


@dataclass(frozen=True)
class Suite:
    """An authored suite.

    ``anchor`` is the relation whose batch the expectations belong to; ``tables`` are relations
    without which nothing can be judged. A name without a schema means the build slot.
    """

    name: str
    purpose: str
    anchor: str
    tables: tuple[str, ...]
    expectations: tuple[Expectation, ...]


def load_suite(root: Path, name: str) -> Suite:
    """Read and check one suite.

    Raises:
        SuiteError: the file or a SQL file is missing, empty, unknown to the suite, or says
            something that this project does not understand.
    """
    file = root / "suites" / f"{name}.yml"
    content = _read_suite(file)
    _demand_fields(file, "the suite", content, SUITE_FIELDS, SUITE_FIELDS)
    if content["suite"] != name:
        raise SuiteError(f"{file}: the suite calls itself {content['suite']!r}; name it {name!r}")
    entries = content["expectations"]
    if not isinstance(entries, list) or not entries:
        raise SuiteError(f"{file}: a suite without expectations judges nothing; declare some")
    expectations = tuple(_expectation(root, file, name, entry) for entry in entries)
    _demand_unique(file, [expectation.name for expectation in expectations])
    _demand_no_orphans(root, file, name, expectations)
    tables = tuple(_relation(file, table) for table in content["tables"])
    return Suite(
        name=name,
        purpose=str(content["purpose"]),
        anchor=_relation(file, content["anchor"]),
        tables=tables,
        expectations=expectations,
    )


def render(root: Path, expectation: Expectation, names: Mapping[str, Any]) -> str:
    """The expectation's SQL with the suite's and its own names put in.

    Raises:
        SuiteError: the template asks for a name that nobody gives.
    """
    import jinja2

    try:
        template = _templates(root).get_template(expectation.sql_file)
        text = template.render({**names, **expectation.names})
    except jinja2.TemplateError as error:
        raise SuiteError(
            f"expectations/suites/{expectation.sql_file}, used by {expectation.name}: {error}"
        ) from error
    if not text.strip():
        raise SuiteError(f"expectations/suites/{expectation.sql_file} renders to nothing")
    return str(text).strip().rstrip(";")


@lru_cache(maxsize=4)
def _templates(root: Path) -> Any:
    """One environment a folder: it keeps what it compiled, and sees when a file changes."""
    import jinja2

    return jinja2.Environment(  # noqa: S701 - renders SQL, not HTML
        # A rule that a mart shows and a gate acts on is a macro of the dbt project.
        loader=jinja2.FileSystemLoader([root / "suites", settings.dbt_project_dir() / "macros"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _expectation(root: Path, file: Path, suite: str, entry: Any) -> Expectation:
    if not isinstance(entry, dict):
        raise SuiteError(f"{file}: each expectation is a mapping, not {type(entry).__name__}")
    label = f"expectation {entry.get('name', '(without a name)')}"
    _demand_fields(file, label, entry, REQUIRED_FIELDS, EXPECTATION_FIELDS)
    name = str(entry["name"])
    if not NAME.fullmatch(name):
        raise SuiteError(f"{file}: {name!r} is no name; use lower case, digits and underscores")
    sql_file = f"{suite}/{name}.sql" if "sql" not in entry else str(entry["sql"])
    if not (root / "suites" / sql_file).is_file():
        raise SuiteError(f"{file}: {name} has no SQL; write {root / 'suites' / sql_file}")
    severity = str(entry.get("severity", "critical"))
    if severity not in SEVERITIES:
        raise SuiteError(f"{file}: {name} has severity {severity!r}; use {', '.join(SEVERITIES)}")
    return Expectation(
        name=name,
        says=" ".join(str(entry["says"]).split()),
        table=_relation(file, entry["table"]),
        remedy=" ".join(str(entry["remedy"]).split()),
        sql_file=sql_file,
        names=dict(entry.get("with", {})),
        acceptable=bool(entry.get("acceptable", False)),
        severity=severity,
    )


def _read_suite(file: Path) -> dict[str, Any]:
    try:
        content = read_yaml(file)
    except FileNotFoundError as error:
        raise SuiteError(f"the suite {file} is missing; restore it from the repository") from error
    except ValueError as error:
        raise SuiteError(f"{file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SuiteError(f"{file} holds no suite; it must be a mapping")
    return content


def _demand_fields(
    file: Path, label: str, content: dict[str, Any], required: set[str], known: set[str]
) -> None:
    missing, unknown = required - set(content), set(content) - known
    if missing or unknown:
        raise SuiteError(
            f"{file}: {label} lacks {sorted(missing) or 'nothing'} and has the unknown "
            f"field(s) {sorted(unknown) or 'none'}"
        )


def _demand_unique(file: Path, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise SuiteError(f"{file}: declared more than once: {', '.join(repeated)}")


def _demand_no_orphans(
    root: Path, file: Path, suite: str, expectations: tuple[Expectation, ...]
) -> None:
    # A SQL file that no entry names would look like a check and never run.
    used = {expectation.sql_file for expectation in expectations}
    folder = root / "suites" / suite
    orphans = sorted({f"{suite}/{sql.name}" for sql in folder.glob("*.sql")} - used)
    if orphans:
        raise SuiteError(f"{file}: no expectation uses {', '.join(orphans)}; declare or delete it")


def _relation(file: Path, name: Any) -> str:
    if not isinstance(name, str) or not RELATION.fullmatch(name):
        raise SuiteError(f"{file}: {name!r} is no name of a table")
    return name

"""Data Docs: the static site that shows each night's judgements.

Great Expectations builds the site (stores, pages, index); renderers and views are our own, because
its stock pages load scripts and styles from half a dozen public servers, show nothing without
them, and print SQL where a sentence belongs. Ours are plain HTML with one inlined style sheet.

Pages hold keys of failing rows, counts, sentences and SQL; never other values of a row, but for a
finding's own sentence, grade, team, owner's id and machine.
"""

from __future__ import annotations

import logging
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

from lead_handoff.agreement.vocabulary import severity_weight
from lead_handoff.grades import by_grade
from lead_handoff.judging.engine import great_expectations, memory_context

logger = logging.getLogger(__name__)

SITE = "data_docs"
STATE = "judging"
RESULTS_KEPT = 120
"""Judgements the site remembers: three a night, so forty nights."""


@dataclass(frozen=True)
class Page:
    """What a page says beside Great Expectations' own result; mappings go by expectation name."""

    suite: str
    purpose: str
    night: date
    as_of: datetime
    passed: bool
    verdict: str
    sql: Mapping[str, str]
    tables: Mapping[str, str]
    remedies: Mapping[str, str]
    severities: Mapping[str, str]
    notes: Mapping[str, str] = field(default_factory=dict)
    not_built: tuple[str, ...] = ()
    findings: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)


def write_page(home: Path, page: Page, validation: Any) -> Path | None:
    """Add one judgement to the site below ``home`` and return the page's path.

    A site that cannot be written (disk full, no permission) is logged and gives None: what a
    night is worth does not hang on whether it could be drawn.
    """
    try:
        return _write(home, page, validation)
    except Exception:
        logger.exception("Data Docs of suite %s could not be written below %s", page.suite, home)
        return None


def _write(home: Path, page: Page, validation: Any) -> Path:
    gx = great_expectations()
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    context = _context(home)
    run_id = RunIdentifier(run_name=page.night.isoformat(), run_time=page.as_of)
    _describe(validation, page, run_id)
    suite = ExpectationSuiteIdentifier(name=page.suite)
    context.suites.add_or_update(_suite(gx, page, validation))
    # The same night judged again replaces its page.
    result = ValidationResultIdentifier(
        expectation_suite_identifier=suite, run_id=run_id, batch_identifier=page.suite
    )
    context.validation_results_store.set(result, validation)
    _forget_old(context.validation_results_store)
    context.build_data_docs(resource_identifiers=[suite, result])
    # Fonts and pictures of the stock pages, which ours do not use.
    shutil.rmtree(home / SITE / "static", ignore_errors=True)
    return home / SITE / "validations" / f"{Path(*result.to_tuple())}.html"


def _context(home: Path) -> Any:
    def files(folder: Path) -> dict[str, str]:
        return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)}

    def section(store: str, renderer: str, view: str) -> dict[str, Any]:
        return {
            "class_name": "DefaultSiteSectionBuilder",
            "source_store_name": store,
            "renderer": {"module_name": __name__, "class_name": renderer},
            "view": {"module_name": __name__, "class_name": view},
        }

    memory = {"class_name": "InMemoryStoreBackend"}
    return memory_context(
        stores={
            "expectations_store": {
                "class_name": "ExpectationsStore",
                "store_backend": files(home / STATE / "suites"),
            },
            "validation_results_store": {
                "class_name": "ValidationResultsStore",
                "store_backend": files(home / STATE / "results"),
            },
            "checkpoint_store": {"class_name": "CheckpointStore", "store_backend": memory},
            "validation_definition_store": {
                "class_name": "ValidationDefinitionStore",
                "store_backend": memory,
            },
        },
        expectations_store_name="expectations_store",
        validation_results_store_name="validation_results_store",
        checkpoint_store_name="checkpoint_store",
        data_docs_sites={
            "judgements": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": files(home / SITE),
                "site_index_builder": {
                    "class_name": "DefaultSiteIndexBuilder",
                    "renderer": {"module_name": __name__, "class_name": "PassOn"},
                    "view": {"module_name": __name__, "class_name": "IndexView"},
                },
                "site_section_builders": {
                    "expectations": section("expectations_store", "PassOn", "SuiteView"),
                    "validations": section("validation_results_store", "PassOn", "JudgementView"),
                    "profiling": "None",
                },
            }
        },
    )


def _describe(validation: Any, page: Page, run_id: Any) -> None:
    """Put into the stored result all that its page needs, and take out what it must not hold."""
    validation.success = page.passed
    validation.suite_parameters = {}
    validation.meta = {
        "great_expectations_version": validation.meta["great_expectations_version"],
        "run_id": run_id,
        "active_batch_definition": {"data_asset_name": page.suite},
        "suite": page.suite,
        "purpose": page.purpose,
        "night": page.night.isoformat(),
        "as_of": f"{page.as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        "verdict": page.verdict,
        "not_built": list(page.not_built),
    }
    for result in validation.results:
        name = result.expectation_config.meta["name"]
        result.meta |= {
            "name": name,
            "says": result.expectation_config.description,
            "table": page.tables[name],
            "remedy": page.remedies[name],
            "sql": page.sql[name],
            "note": page.notes.get(name, ""),
            "severity": page.severities[name],
            "findings": [dict(told) for told in page.findings.get(name, ())],
        }
        # The statement stands in the meta, as it was written; one copy is enough.
        result.expectation_config.kwargs["unexpected_rows_query"] = "see sql"
    order = {name: position for position, name in enumerate(page.sql)}
    validation.results.sort(
        key=lambda result: (
            bool(result.success),
            _weight(result.meta) if page.findings else (),
            order[result.meta["name"]],
        )
    )


def _weight(meta: Mapping[str, Any]) -> tuple[int, int]:
    """Rules with findings: the most severe first, and of those the one with most findings."""
    return severity_weight(meta["severity"]), -len(meta["findings"])


def _suite(gx: Any, page: Page, validation: Any) -> Any:
    return gx.ExpectationSuite(
        name=page.suite,
        expectations=[
            gx.expectations.UnexpectedRowsExpectation(
                unexpected_rows_query="select 'see sql' from {batch}",
                description=result.meta["says"],
                severity=result.expectation_config.severity,
                meta={key: result.meta[key] for key in ("name", "table", "remedy", "sql")},
            )
            for result in sorted(validation.results, key=lambda entry: entry.meta["name"])
        ],
        meta={"purpose": page.purpose},
    )


def _forget_old(store: Any) -> None:
    keys = sorted(store.list_keys(), key=lambda key: key.run_id.run_time, reverse=True)
    for key in keys[RESULTS_KEPT:]:
        store.remove_key(key)


class PassOn:
    """Renderer that leaves everything to the view."""

    def __init__(self, **settings: Any) -> None:
        pass

    def render(self, resource: Any) -> Any:
        """Return the stored object itself."""
        return resource


class _View(ABC):
    """Turns an object of the site into a page by a template of expectations/data_docs/."""

    template: ClassVar[str]

    def __init__(self, **settings: Any) -> None:
        super().__init__()

    def render(self, document: Any, **settings: Any) -> str:
        """The page as HTML."""
        import jinja2

        from lead_handoff import settings as paths

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(paths.expectations_dir() / "data_docs"),
            undefined=jinja2.StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return environment.get_template(self.template).render(self.names(document))

    @abstractmethod
    def names(self, document: Any) -> dict[str, Any]:
        """What the template may refer to."""


def headlines(found: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """One rule's findings as a page shows them: what each machine did, and last what people did.

    Results that an earlier version stored name no machine.
    """
    groups: dict[str, list[Mapping[str, str]]] = {}
    for finding in found:
        groups.setdefault(finding.get("machine", ""), []).append(finding)
    return [
        {
            "machine": machine,
            "grades": by_grade(Counter(finding["grade"] for finding in groups[machine])),
            "findings": groups[machine],
        }
        for machine in sorted(groups, key=lambda one: (not one, -len(groups[one]), one))
    ]


class JudgementView(_View):
    """One suite judged for one night."""

    template = "judgement.html.j2"

    def names(self, document: Any) -> dict[str, Any]:
        """The validation result, failing expectations first."""
        content = document.to_json_dict()
        for result in content["results"]:
            result["meta"]["headlines"] = headlines(result["meta"].get("findings", ()))
        return {
            "meta": content["meta"],
            "passed": content["success"],
            "results": content["results"],
        }


class SuiteView(_View):
    """What a suite asks."""

    template = "suite.html.j2"

    def names(self, document: Any) -> dict[str, Any]:
        """The suite with its expectations by name."""
        return {
            "suite": document.name,
            "purpose": (document.meta or {}).get("purpose", ""),
            "expectations": [
                {**expectation.meta, "says": expectation.description}
                for expectation in document.expectations
            ],
        }


class IndexView(_View):
    """All judgements, newest night first."""

    template = "index.html.j2"

    def names(self, document: Any) -> dict[str, Any]:
        """Links to judgements and suites."""
        nights: dict[str, dict[str, dict[str, Any]]] = {}
        for link in document.get("validations_links", []):
            nights.setdefault(str(link["run_name"]), {})[link["expectation_suite_name"]] = {
                "path": link["filepath"],
                "passed": link["validation_success"],
            }
        suites = [
            {"name": link["expectation_suite_name"], "path": link["filepath"]}
            for link in document.get("expectations_links", [])
        ]
        return {
            "nights": sorted(nights.items(), reverse=True),
            "suites": sorted(suites, key=lambda suite: suite["name"]),
        }

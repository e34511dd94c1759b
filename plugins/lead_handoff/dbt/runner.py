"""Run ``dbt build`` for one slot as a child process and say what became of it.

dbt runs in a process group of its own, under a session name and a fence that a later run can
recognise, and dies with the process that started it. It keeps its parsed project between nights:
nothing that changes from night to night is given to it as a setting that it would parse anew for
(the night comes from the slot's build_context, the fence from the session).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lead_handoff import settings
from lead_handoff.dbt import artifacts, connection, culprits, project
from lead_handoff.errors import HandoffError

STATEMENT_TIMEOUT = "30min"
LOCK_TIMEOUT = "2min"
LINES_KEPT = 40
TABLES_AND_TESTS = (
    "config.materialized:table",
    "config.materialized:incremental",
    "resource_type:test",
)
"""What a slot that is brought forward needs; tests are named so that those of views run too."""
NOT_AGAIN = f"tag:{artifacts.FULL_BUILD_TAG}"
"""What such a slot has been tested for when it was filled, and no row can change."""
FAILURES_SHOWN = 5


class BuildError(HandoffError):
    """The build did not complete; the message names the models or tests and what to do."""


@dataclass(frozen=True)
class BuildResult:
    """A complete build.

    Attributes:
        models: models built.
        seeds: seeds loaded.
        tests: data tests run, all passed.
        published: the relations readers get views of.
        seconds: how long it took.
        slowest: the models with their seconds, the slowest first.
    """

    models: int
    seeds: int
    tests: int
    published: tuple[artifacts.PublishedModel, ...]
    seconds: float
    slowest: tuple[tuple[str, float], ...]


def build(
    slot: str,
    *,
    full_refresh: bool,
    fence: int,
    select: Iterable[str] | None = None,
    with_seeds: bool = True,
    with_tests: bool = True,
    is_laid_out: bool = False,
    progress: Callable[[str], None] = lambda line: None,
    finished: Callable[[str], None] = lambda name: None,
) -> BuildResult:
    """Build seeds, models and data tests into a slot.

    Args:
        slot: the schema to build into.
        full_refresh: whether incremental models start anew; views are made anew then only, since in
            a slot that is brought forward they are still those of these models.
        fence: the run's fence; each model's transaction is refused once it is outdated.
        select: dbt selectors, for tests and for people; then nothing is said about completeness.
        with_seeds: load the seeds too; unneeded in a slot that holds this agreement already.
        with_tests: run the tests of what is built; without them nothing may be published.
        is_laid_out: whether the caller has laid out the project (and its agreement) already.
        progress: receives lines for people ("model 12/48 …").
        finished: called with each model's name when it is done.

    Raises:
        BuildError: dbt failed, or something declared was not run; names every cause.
    """
    kinds = {"model"} | ({"test"} if with_tests else set()) | ({"seed"} if with_seeds else set())
    is_full = full_refresh or select is not None
    target = project.target_dir(slot)
    target.mkdir(parents=True, exist_ok=True)
    project.log_dir(slot).mkdir(parents=True, exist_ok=True)
    # Last night's results must not be taken for tonight's.
    (target / "run_results.json").unlink(missing_ok=True)
    if not is_laid_out:
        project.lay_out()
    started = time.monotonic()
    arguments = ["build", "--no-use-colors", "--no-use-colors-file"]
    arguments += ["--exclude-resource-type", "unit_test"]
    arguments += [] if with_seeds else ["--exclude-resource-type", "seed"]
    arguments += [] if with_tests else ["--exclude-resource-type", "test"]
    arguments += ["--full-refresh"] if full_refresh else []
    arguments += [] if is_full else ["--exclude", NOT_AGAIN]
    selected = tuple(select or ()) if is_full else TABLES_AND_TESTS
    arguments += ["--select", *selected] if selected else []
    total = project.count_models() if is_full else None
    outcome = _run(arguments, _environment(slot, fence), _Listener(progress, finished, total))
    if not (target / "run_results.json").exists():
        raise BuildError(_why_nothing_ran(slot, outcome))
    manifest = artifacts.read(target / "manifest.json")
    run_results = artifacts.read(target / "run_results.json")
    verdict = artifacts.judge(manifest, run_results, kinds=kinds, is_full=is_full)
    if select is None and not verdict.is_good:
        raise BuildError(_why_incomplete(slot, verdict))
    if outcome.exit_code != 0:
        raise BuildError(
            _why_incomplete(slot, verdict) if verdict.failures else _why_nothing_ran(slot, outcome)
        )
    return BuildResult(
        models=verdict.models,
        seeds=verdict.seeds,
        tests=verdict.tests,
        published=tuple(artifacts.published_models(manifest)),
        seconds=time.monotonic() - started,
        slowest=_slowest(run_results),
    )


@dataclass(frozen=True)
class _Outcome:
    exit_code: int
    last_lines: tuple[str, ...]


class _Listener:
    """Turns dbt's JSON log into progress; keeps the last messages for an error text."""

    def __init__(
        self,
        progress: Callable[[str], None],
        finished: Callable[[str], None],
        total: int | None,
    ) -> None:
        self.progress = progress
        self.finished = finished
        self.of_all = "" if total is None else f"/{total}"
        self.models = 0
        self.tests = 0
        self.last_lines: deque[str] = deque(maxlen=LINES_KEPT)

    def hear(self, line: str) -> None:
        """Take one line of dbt's output."""
        try:
            event = json.loads(line)
            info, data = event["info"], event.get("data", {})
        except (ValueError, KeyError, TypeError):
            if line.strip():
                self.last_lines.append(line.strip())
            return
        if info.get("level") in ("warn", "error"):
            self.last_lines.append(" ".join(str(info.get("msg", "")).split()))
        node = data.get("node_info") or {}
        name = node.get("node_name", "")
        if info.get("name") == "LogModelResult":
            self.models += 1
            seconds = float(data.get("execution_time") or 0)
            self.progress(f"model {self.models}{self.of_all} {name} {seconds:.1f} s")
            self.finished(name)
        elif info.get("name") == "LogTestResult":
            self.tests += 1
            if data.get("status") not in artifacts.GOOD_STATUS:
                self.progress(f"test {name}: {data.get('status')}")


# A child that has imported dbt and waits for its order; see stand_by.
_waiting: list[subprocess.Popen[str]] = []


def stand_by() -> None:
    """Start the next build's dbt now, so that it is imported when the build begins.

    For a process that runs whole nights: dbt takes seconds to import, and other steps leave a core
    free. The child dies with this process.
    """
    if not _waiting:
        _waiting.append(_start())


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        # -P: the folder of child.py must not become part of dbt's import path.
        [
            sys.executable,
            "-P",
            "-W",
            "ignore",
            str(Path(__file__).with_name("child.py")),
            str(os.getpid()),
        ],
        env=connection.inherited(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    )


def _run(arguments: list[str], environment: dict[str, str], listener: _Listener) -> _Outcome:
    child = _waiting.pop() if _waiting else _start()
    if child.poll() is not None:  # it died while it waited
        child = _start()
    order = {
        "arguments": arguments,
        "environment": environment,
        "folder": str(project.laid_out_dir()),
    }
    try:
        if child.stdin is not None:
            child.stdin.write(json.dumps(order) + "\n")
            child.stdin.close()
        if child.stdout is not None:
            for line in child.stdout:
                listener.hear(line)
        exit_code = child.wait()
    finally:
        # Reached with a living child only when we are being stopped ourselves.
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    return _Outcome(exit_code, tuple(listener.last_lines))


def _environment(slot: str, fence: int) -> dict[str, str]:
    return connection.variables("transformer") | {
        "HANDOFF_BUILD_SCHEMA": slot,
        "HANDOFF_DBT_THREADS": os.environ.get("HANDOFF_DBT_THREADS", "2"),
        "HANDOFF_AGREEMENT": project.AGREEMENT,
        # dbt parses everything anew when its profile changes, so the name that carries the fence
        # is left to the database library, and the fence to the session's own settings.
        "HANDOFF_DBT_APPLICATION_NAME": "",
        "PGAPPNAME": f"lead_handoff:{fence}:build",
        "PGOPTIONS": f"-c lead_handoff.fence={fence} -c statement_timeout={STATEMENT_TIMEOUT}"
        f" -c lock_timeout={LOCK_TIMEOUT}",
        "DBT_PROFILES_DIR": str(project.laid_out_dir()),
        "DBT_PROJECT_DIR": str(project.laid_out_dir()),
        "DBT_TARGET_PATH": str(project.target_dir(slot)),
        "DBT_LOG_PATH": str(project.log_dir(slot)),
        "DBT_LOG_LEVEL_FILE": "info",
    }


def _why_incomplete(slot: str, verdict: artifacts.Verdict) -> str:
    broken = [failure for failure in verdict.failures if failure.status != "skipped"]
    shown = (broken or list(verdict.failures))[:FAILURES_SHOWN]
    skipped = sum(1 for failure in verdict.failures if failure.status == "skipped")
    if not verdict.failures:
        return (
            f"dbt ran {verdict.models} models and {verdict.tests} of {verdict.declared_tests} "
            "tests: the project declares more than was run, or nothing at all. The night is not "
            "published."
        )
    text = "The build of the night failed, and nothing was published:"
    for failure in shown:
        text += f"\n  - {culprits.without_values(str(failure))}"
        text += "".join(f"\n      {named}" for named in _culprits_of(slot, failure))
    if len(broken) > len(shown):
        text += f"\n  … and {len(broken) - len(shown)} more"
    if skipped:
        text += f"\n  {skipped} further nodes were skipped because of that."
    return text + (
        f"\nThe compiled SQL lies under {project.target_dir(slot) / 'compiled'}, dbt's log under "
        f"{project.log_dir(slot)}. Correct the model or the data it names and run the night again."
    )


def _culprits_of(slot: str, failure: artifacts.NodeFailure) -> list[str]:
    """The leads and landed rows that a failure is about, with the user's own ids."""
    if failure.status == "skipped":
        return []
    about = culprits.Failure(failure.message, failure.compiled, failure.relation, failure.column)
    return culprits.name_culprits(about, slot=slot, url=settings.warehouse_url("transformer"))


def _why_nothing_ran(slot: str, outcome: _Outcome) -> str:
    said = "\n".join(f"  {line}" for line in outcome.last_lines[-8:]) or "  (it said nothing)"
    return (
        f"dbt ended with status {outcome.exit_code} before it had built anything:\n{said}\n"
        f"Its log lies under {project.log_dir(slot)}."
    )


def _slowest(run_results: dict[str, object]) -> tuple[tuple[str, float], ...]:
    results = run_results["results"]
    if not isinstance(results, list):
        return ()
    timed = [
        (str(result["unique_id"]).split(".")[-1], float(result.get("execution_time") or 0))
        for result in results
        if str(result["unique_id"]).startswith("model.")
    ]
    return tuple(sorted(timed, key=lambda pair: -pair[1]))

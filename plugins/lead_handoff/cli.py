"""The commands behind the Makefile: nights, pulls, the review, the demo, the checks.

Each starts the local server if need be, and Airflow once; nights then run one after another in
this process. What Airflow and the libraries say goes to a log file; the terminal gets our lines.

Exit status: 0 done (a night: published), 1 failed, 2 wrong usage, 3 another night is running.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from lead_handoff import months, settings
from lead_handoff.errors import HandoffError

if TYPE_CHECKING:
    from lead_handoff.agreement import AgreementProblem
    from lead_handoff.airflow.driver import Driver, RunOutcome

FAILED, LOCKED = 1, 3

DEMO_LEADS = 2_000
DEMO_START = date(2026, 2, 1)
DEMO_FIRST_DAYS = 90
DEMO_NIGHTS = 7
DEMO_COMPANY_SEED = 20260201
# Fixed, so that everybody draws the same cases; a real seed is named after the freeze.
DEMO_DRAW_SEED = "01382438112797316654"


class Console:
    """Lines for the person at the terminal; passing ones overwrite each other on a terminal."""

    QUIET_SECONDS = 3.0

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.started = time.monotonic()
        self._is_open = False
        self._last_passing = 0.0

    def say(self, line: str = "") -> None:
        """A line that stays."""
        self._clear()
        self.stream.write(line + "\n")
        self.stream.flush()

    def pass_by(self, line: str) -> None:
        """A line that the next one may replace; without a terminal, one every few seconds."""
        now = time.monotonic()
        if self.is_terminal:
            self._clear()
            self.stream.write(line[:110])
            self.stream.flush()
            self._is_open = True
        elif now - self._last_passing > self.QUIET_SECONDS:
            self._last_passing = now
            self.say(line)

    def hear(self, step: str, line: str, is_passing: bool = False) -> None:
        """Progress of a step (see airflow.telling)."""
        elapsed = time.monotonic() - self.started
        text = f"[{elapsed:5.0f} s] {step:<12} {line}"
        if is_passing:
            self.pass_by(text)
        else:
            self.say(text)

    def _clear(self) -> None:
        if self._is_open:
            self.stream.write("\r\x1b[K")
            self._is_open = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    options = _parser().parse_args(arguments)
    console = Console(_keep_stdout())
    command: Callable[[argparse.Namespace, Console], int] = options.command
    try:
        return command(options, console)
    except HandoffError as error:
        console.say(f"error: {error}")
        from lead_handoff.warehouse.night_lock import NightLockedError

        return LOCKED if isinstance(error, NightLockedError) else FAILED
    except KeyboardInterrupt:
        console.say("stopped; run the same command again to go on")
        return 130


def nightly(options: argparse.Namespace, console: Console) -> int:
    """One night."""
    return _nights([options.date], options, console, is_period=False)


def backfill(options: argparse.Namespace, console: Console) -> int:
    """The nights of a period, in order, until one fails."""
    if options.first > options.last:
        console.say(f"error: --from {options.first} lies after --to {options.last}")
        return 2
    count = (options.last - options.first).days + 1
    dates = [options.first + timedelta(days=day) for day in range(count)]
    return _nights(dates, options, console, is_period=True)


def sample(options: argparse.Namespace, console: Console) -> int:
    """One month's sample."""
    with _pipeline(console) as pipeline:
        return 0 if pipeline.draw(options.month, options.seed) else FAILED


def freeze(options: argparse.Namespace, console: Console) -> int:
    """One month's population, so that its hash can be published before a seed is named."""
    from lead_handoff.local.provision import ensure_running
    from lead_handoff.review.draw import freeze_month

    ensure_running(console.say)
    frozen = freeze_month(
        options.month,
        warehouse_url=settings.warehouse_url("owner"),
        agreement_dir=settings.agreement_dir(),
    )
    console.say(f"{frozen.month}: {frozen.population_size} handoffs frozen")
    console.say(f"SHA-256 {frozen.population_sha256}")
    return 0


def extend(options: argparse.Namespace, console: Console) -> int:
    """More cases of a drawn month; those that were drawn stay."""
    from lead_handoff.airflow.monthly import hand_over
    from lead_handoff.local.provision import ensure_running
    from lead_handoff.review.extend import extend_month

    ensure_running(console.say)
    extended = extend_month(
        options.month,
        options.size,
        warehouse_url=settings.warehouse_url("owner"),
        out_dir=settings.review_dir(),
        agreement_dir=settings.agreement_dir(),
        progress=console.say,
    )
    console.say(f"{extended.month}: {extended.sample_size} cases now, {extended.workbook}")
    hand_over(extended.month, console.say)
    if extended.unassigned:
        console.say(f"{extended.unassigned} cases nobody may review: all reviewers took part")
    return 0


def intake(_options: argparse.Namespace, console: Console) -> int:
    """The case files that reviewers returned."""
    with _pipeline(console) as pipeline:
        taken = pipeline.take_verdicts()
    if taken is None:
        return FAILED
    console.say(f"{taken['accepted']} file(s) accepted, {taken['refused']} refused")
    return FAILED if taken["refused"] else 0


def withdraw(options: argparse.Namespace, console: Console) -> int:
    """Take a landed version out, as a run of its own that no night overlaps."""
    import getpass

    import psycopg

    from lead_handoff.landing import withdraw as withdrawing
    from lead_handoff.local.provision import ensure_running
    from lead_handoff.warehouse import night_lock

    wanted = withdrawing.Withdrawal(
        withdrawing.spec_of(options.source, options.object),
        options.key,
        withdrawing.parse_stamp(options.stamp),
        options.by or getpass.getuser(),
        options.why,
    )
    if (service := settings.elt_landings().get(wanted.spec.source)) and service.keeps(
        wanted.spec.name
    ):
        raise withdrawing.WithdrawalError(
            f"an ELT service keeps {wanted.spec.source} {wanted.spec.name}; take the row out there"
        )
    ensure_running(console.say)
    owner, run_id = settings.warehouse_url("owner"), f"withdraw__{os.getpid()}"
    with (
        psycopg.connect(owner, autocommit=True) as connection,
        night_lock.holding(owner, run_id),
    ):
        fence = night_lock.acquire(connection, run_id)
        try:
            count = withdrawing.withdraw(
                wanted, warehouse_url=settings.warehouse_url("loader"), fence=fence
            )
        finally:
            night_lock.release(connection, run_id)
    console.say(f"{count} version(s) withdrawn; the next night builds its marts without")
    return 0


def check_agreement(options: argparse.Namespace, console: Console) -> int:
    """Say what is wrong with the agreement's files, and what of them is worth knowing."""
    from lead_handoff.agreement.check import checked
    from lead_handoff.airflow.night import delivering

    unlisted, not_asked = _unlisted_users()
    is_sound, lines = checked(settings.agreement_dir(), delivering=delivering(), also=unlisted)
    for line in [*lines, *not_asked]:
        console.say(line)
    return 0 if is_sound else FAILED


def _unlisted_users() -> tuple[list[AgreementProblem], list[str]]:
    """Users whom the agreement does not list, or why the warehouse could not be asked for them."""
    import psycopg

    from lead_handoff import report
    from lead_handoff.agreement import Agreement, AgreementError
    from lead_handoff.agreement.unlisted import unlisted_users

    try:
        url = settings.warehouse_url("owner")
        if report.newest(url):
            with psycopg.connect(url) as connection:
                return list(unlisted_users(connection, Agreement(settings.agreement_dir()))), []
    except AgreementError:
        return [], []  # said by the check itself
    except (HandoffError, psycopg.Error):
        pass  # no server runs here, which the check can do without
    return [], [
        "not looked at: users with activities whom no version lists; that needs a warehouse with a "
        "published night (make up, make nightly)"
    ]


def check_connection(options: argparse.Namespace, console: Console) -> int:
    """Name everything that stands between a connection and its first night."""
    from lead_handoff.extracts.connection import from_environment
    from lead_handoff.extracts.connectors import connector_of

    connector = connector_of(options.conn)
    with connector.session(from_environment(options.conn), None) as session:
        problems = connector.problems_of(session)
    for problem in problems:
        console.say(problem)
    console.say(f"{options.conn}: {len(problems) or 'no'} problem(s)")
    return FAILED if problems else 0


def pull(options: argparse.Namespace, console: Console) -> int:
    """Pull a night of every object; one that fails does not stop the others."""
    from lead_handoff.extracts.connection import from_environment
    from lead_handoff.extracts.connectors import CONNECTORS, connector_of, local_root
    from lead_handoff.extracts.errors import ExtractError

    root = local_root(settings.extracts_root())
    given = [connector.conn_id for connector in CONNECTORS.values()]
    given = [conn_id for conn_id in given if f"AIRFLOW_CONN_{conn_id.upper()}" in os.environ]
    failed = 0
    for conn_id in [options.conn] if options.conn else given or ["salesforce_default"]:
        connector, connection = connector_of(conn_id), from_environment(conn_id)
        with connector.session(connection, None) as session:
            session.login()
            for name in connector.objects_of(connection):
                what = f"{connector.source}.{name}"

                def tell(line: str, what: str = what) -> None:
                    console.say(f"{what}: {line}")

                try:
                    pulled = connector.pull(session, name, options.date, root, tell=tell)
                except ExtractError as error:
                    failed += 1
                    tell(str(error))
                    continue
                if pulled is None:
                    tell(f"already pulled for {options.date} or a later night")
                else:
                    tell(f"{pulled.rows:,} rows in {pulled.pages} page(s)")
    return FAILED if failed else 0


def demo(options: argparse.Namespace, console: Console) -> int:
    """A simulated company from its first extract to the summary."""
    from lead_handoff import report

    root = settings.home() / "demo"
    os.environ["HANDOFF_EXTRACTS"] = str(root / "extracts")
    os.environ.pop("HANDOFF_AGREEMENT", None)  # the company keeps to the example agreement
    simulation = _start_simulation(root, console)
    with _pipeline(console) as pipeline:
        _demand_demo_warehouse(root)
        _finish_simulation(simulation, root)
        first = DEMO_START + timedelta(days=DEMO_FIRST_DAYS)
        shown = pipeline.shown_night()
        for day in range(DEMO_NIGHTS + 1):
            night = first + timedelta(days=day)
            if shown is not None and night <= shown:
                console.say(f"night {night} is published already")
            elif not pipeline.night(night):
                return FAILED
        month = pipeline.last_month()
        drawn = pipeline.draw(month, DEMO_DRAW_SEED)
        if drawn is None:
            return FAILED
    console.say()
    for line in report.summary(settings.warehouse_url("owner"), workbook=drawn["workbook"]):
        console.say(line)
    console.say(f"\nThe demo took {time.monotonic() - console.started:.0f} s.")
    return 0


class Pipeline:
    """The running server and the started Airflow, for as many runs as a command needs."""

    def __init__(self, console: Console, log_file: Path) -> None:
        self.console = console
        self.log_file = log_file
        self._driver: Driver | None = None

    def night(self, night: date, take_over: bool = False, **asked: bool) -> bool:
        """Run one night, ``asked`` being its configuration; returns whether all went well.

        A night of a period that is earlier than the published one is skipped, which is no failure.

        Raises NightLockedError when another night is running.
        """
        from lead_handoff.airflow import night as steps
        from lead_handoff.airflow.windows import Night, midnight

        started = time.monotonic()
        run_id = f"cli__{night}__{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        run = steps.Run(run_id, Night(midnight(night), night), 0, take_over)
        # The night is taken before Airflow is started: who comes second hears so at once.
        with steps.at_work(run):
            steps.take(run)
            try:
                conf = {"date": night.isoformat(), **asked}
                outcome = self._run("nightly_lead_load", run_id, conf)
            finally:
                steps.give_back(run)
        became = "published" if "publish" in outcome.results else "skipped"
        became = became if outcome.is_success else "NOT published"
        self.console.hear(
            "night",
            f"{night} {became} in {time.monotonic() - started:.1f} s",
        )
        return outcome.is_success

    def draw(self, month: str, seed: str | None) -> dict[str, Any] | None:
        """Draw one month's sample; returns where its files lie, or None when it failed."""
        run_id = f"cli__{month}__{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        # Who types the command has decided to draw: the chair is not asked.
        conf = {"month": month, "seed": seed, "at_once": True}
        outcome = self._run("monthly_rejection_sample", run_id, conf)
        if not outcome.is_success:
            return None
        result: dict[str, Any] = outcome.results["draw"]
        return result

    def take_verdicts(self) -> dict[str, int] | None:
        """Take the returned case files in; None when that failed."""
        run_id = f"cli__{datetime.now(UTC):%Y%m%dT%H%M%S.%f}"
        outcome = self._run("review_verdict_intake", run_id, {})
        if not outcome.is_success:
            return None
        counts: dict[str, int] = outcome.results["take_verdicts"]
        return counts

    def shown_night(self) -> date | None:
        """The date of the published night."""
        from lead_handoff.airflow.night import published

        shown = published()
        return shown["night"] if shown else None

    def last_month(self) -> str:
        """The last month that was over in the published night."""
        from lead_handoff.review import population

        return population.published_month(settings.warehouse_url("owner"))[0]

    def _run(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> RunOutcome:
        from lead_handoff.airflow import telling

        telling.listen(self.console.hear)
        try:
            outcome = self._started().run(dag_id, run_id, conf, self.console.hear)
        finally:
            telling.stop_listening(self.console.hear)
        if not outcome.is_success:
            failed = ", ".join(outcome.failed_tasks) or "none by itself"
            self.console.say(f"Failed steps: {failed}. Everything said: {self.log_file}")
        return outcome

    def _started(self) -> Driver:
        if self._driver is None:
            from lead_handoff.local.airflow_home import airflow_env, ensure_metadata

            ensure_metadata(self.console.say)
            os.environ.update(airflow_env())
            from lead_handoff.airflow.driver import Driver

            self._driver = Driver()
        return self._driver


@contextmanager
def _pipeline(console: Console) -> Iterator[Pipeline]:
    """Start the server, and send to a log file what everybody but us says."""
    from lead_handoff.local.provision import ensure_running

    ensure_running(console.say)
    logs = settings.home() / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_file = logs / f"cli-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    descriptor = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    before = os.dup(1), os.dup(2)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    try:
        yield Pipeline(console, log_file)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, original in enumerate(before, start=1):
            os.dup2(original, number)
            os.close(original)
        os.close(descriptor)


def _nights(
    dates: Sequence[date], options: argparse.Namespace, console: Console, *, is_period: bool
) -> int:
    from lead_handoff import report

    url = settings.warehouse_url
    with _pipeline(console) as pipeline:
        before = report.newest(url("owner"))
        status = 0
        for night in dates:
            if not pipeline.night(
                night,
                options.take_over,
                rebuild=options.rebuild,
                earlier=options.earlier,
                backfill=is_period,
            ):
                status = FAILED
                break
    console.say()
    for line in report.summary(url("owner"), since=before):
        console.say(line)
    return status


def show_report(options: argparse.Namespace, console: Console) -> int:
    """The page of the published night once more."""
    from lead_handoff import report
    from lead_handoff.local.provision import ensure_running

    ensure_running(console.say)
    url = settings.warehouse_url("owner")
    for line in report.summary(url, since=report.newest(url, back=1)):
        console.say(line)
    return 0


def _start_simulation(root: Path, console: Console) -> Any:
    """Begin to write the demo company's extracts in a process of its own, unless they are there."""
    import shutil
    import subprocess

    if (root / "extracts").is_dir():
        return None
    console.say(
        f"simulating a company of {DEMO_LEADS:,} leads: {DEMO_FIRST_DAYS} days, then "
        f"{DEMO_NIGHTS} nights"
    )
    shutil.rmtree(root / "draft", ignore_errors=True)
    root.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", "-m", "lead_handoff.simulate"),
            *("--out", str(root / "draft"), "--truth", str(root / "truth.jsonl")),
            *("--leads", str(DEMO_LEADS), "--seed", str(DEMO_COMPANY_SEED)),
            *("--start", DEMO_START.isoformat(), "--first-days", str(DEMO_FIRST_DAYS)),
            *("--nights", str(DEMO_NIGHTS)),
        ],
        env=os.environ | {"PYTHONPATH": str(settings.project_root() / "plugins")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finish_simulation(simulation: Any, root: Path) -> None:
    if simulation is None:
        return
    _, said = simulation.communicate()
    if simulation.returncode != 0:
        raise HandoffError(f"The company could not be simulated:\n{said[-2000:]}")
    (root / "draft").rename(root / "extracts")


def _demand_demo_warehouse(root: Path) -> None:
    """Refuse to mix the simulated company with somebody's own data."""
    import psycopg

    marker = root / "warehouse"
    url = settings.warehouse_url("owner")
    with psycopg.connect(url) as connection:
        row = connection.execute("select exists (select 1 from ops.loads)").fetchone()
    if row == (True,) and not marker.exists():
        raise HandoffError(
            "This warehouse holds other data than the demo's, and the demo would mix with it. Run "
            "it with a folder of its own, for example HANDOFF_HOME=/tmp/handoff-demo make demo."
        )
    marker.touch()


def _keep_stdout() -> TextIO:
    """The terminal as it is now, whatever is done to the standard streams later."""
    return os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")


def _date(text: str) -> date:
    from lead_handoff.airflow.windows import WindowError, parse_date

    try:
        return parse_date(text)
    except WindowError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _month(text: str) -> str:
    try:
        return months.name_of(months.first_day(text.strip()))
    except months.MonthError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of cases; give one as 60")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lead_handoff", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="command")

    one = commands.add_parser("nightly", help="run one night")
    one.add_argument("--date", type=_date, required=True, help="YYYY-MM-DD")
    one.set_defaults(command=nightly)

    several = commands.add_parser("backfill", help="run the nights of a period")
    several.add_argument("--from", dest="first", type=_date, required=True, help="YYYY-MM-DD")
    several.add_argument("--to", dest="last", type=_date, required=True, help="YYYY-MM-DD")
    several.set_defaults(command=backfill)
    for command in (one, several):
        command.add_argument(
            "--take-over", action="store_true", help="take the night from a run that hangs"
        )
        command.add_argument(
            "--earlier",
            action="store_true",
            help="show readers a night though a later one is published",
        )
        command.add_argument(
            "--rebuild", action="store_true", help="build the marts from the beginning"
        )

    telling = commands.add_parser("report", help="show the published night's page once more")
    telling.set_defaults(command=show_report)

    drawing = commands.add_parser("sample", help="draw a month's rejection sample")
    drawing.add_argument("--month", type=_month, required=True, help="YYYY-MM")
    drawing.add_argument("--seed", help="digits that both teams agreed on after the freeze")
    drawing.set_defaults(command=sample)

    freezing = commands.add_parser("freeze", help="freeze a month's population and show its hash")
    freezing.add_argument("--month", type=_month, required=True, help="YYYY-MM")
    freezing.set_defaults(command=freeze)

    extending = commands.add_parser("extend", help="add cases to a drawn sample")
    extending.add_argument("--month", type=_month, required=True, help="YYYY-MM")
    extending.add_argument(
        "--size", type=_size, required=True, help="cases altogether, those drawn before included"
    )
    extending.set_defaults(command=extend)

    returning = commands.add_parser("intake", help="take in the case files that reviewers returned")
    returning.set_defaults(command=intake)

    showing = commands.add_parser("demo", help="run everything on a simulated company")
    showing.set_defaults(command=demo)

    withdrawing = commands.add_parser("withdraw", help="take a landed version out")
    for name, what in (
        ("source", "as the folder is named"),
        ("object", "as the folder is named"),
        ("key", "the record's id"),
        ("stamp", "the version's _stamp"),
        ("why", "the reason, in words"),
    ):
        withdrawing.add_argument(f"--{name}", required=True, help=what)
    withdrawing.add_argument("--by", help="who decided; without it, who is logged in")
    withdrawing.set_defaults(command=withdraw)

    checking = commands.add_parser("check-agreement", help="check the agreement's files")
    checking.set_defaults(command=check_agreement)

    connecting = commands.add_parser("check-connection", help="check a connection to a source")
    connecting.add_argument("--conn", default="salesforce_default", help="id of the connection")
    connecting.set_defaults(command=check_connection)
    pulling = commands.add_parser("pull", help="pull a night's extracts from the sources")
    pulling.add_argument("--date", type=_date, required=True, help="YYYY-MM-DD")
    pulling.add_argument("--conn", help="id of the connection; without it, every one that is set")
    pulling.set_defaults(command=pull)
    return parser


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # Airflow's and its libraries' farewells take seconds, and nothing of ours waits for them.
    os._exit(status)

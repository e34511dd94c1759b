"""How long it takes to freeze, hash and draw a month of a million exits, and how much memory.

    make bench-review                   1,000,000 rejected handoffs
    make bench-review EXITS=100000      fewer

The marts are filled by the database itself, on a server of its own with the settings of `make up`,
deleted at the end. Frozen and drawn is what `make freeze` and `make sample` call; a second process
then redraws the sample as anyone would who has the files. Processor time is told beside the
clock's, which other work on the machine makes longer.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from lead_handoff import settings
from lead_handoff.local import provision
from lead_handoff.local.server import EmbeddedServer
from lead_handoff.review.draw import draw_month, freeze_month
from lead_handoff.warehouse.bootstrap import bootstrap

ROOT = Path(__file__).resolve().parent.parent
MONTH, SEED = "2026-05", "01382438112797316654"
AIM_SECONDS, AIM_MEGABYTES = 20, 500


def main() -> int:
    """Measure once and print; 1 where an aim is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--exits", type=int, default=1_000_000)
    exits = parser.parse_args().exits
    home = Path(tempfile.mkdtemp(prefix="handoff-bench-"))
    os.environ["HANDOFF_HOME"] = str(home)
    server = EmbeddedServer(home, {}, report=lambda line: None)
    try:
        server.ensure_running()
        provision.ensure_roles(server)
        provision.ensure_database(server, "bench", settings.WAREHOUSE_ROLES["owner"])
        os.environ["HANDOFF_WAREHOUSE_DATABASE"] = "bench"
        url = settings.warehouse_url("owner")
        bootstrap(url)
        sys.path.insert(0, str(ROOT))
        from tests.warehouse.review.small_company import large_may, small_company

        small_company().publish(url)
        large_may(url, exits)
        return measure(url, home / "review", exits, server)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


def measure(url: str, out_dir: Path, exits: int, server: EmbeddedServer) -> int:
    """Freeze, draw, verify."""
    began, busy, served = time.monotonic(), time.process_time(), processor_time(server)
    frozen = freeze_month(MONTH, warehouse_url=url, agreement_dir=settings.agreement_dir())
    froze = time.monotonic()
    drawn = draw_month(
        MONTH,
        warehouse_url=url,
        out_dir=out_dir,
        seed=SEED,
        agreement_dir=settings.agreement_dir(),
    )
    ended = time.monotonic()
    own = time.process_time() - busy
    theirs = processor_time(server) - served
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    redrawn = subprocess.run(
        [sys.executable, "-I", "-S", str(drawn.folder / "verify.py"), str(drawn.manifest)],
        capture_output=True,
        text=True,
        check=False,
    )
    verified = time.monotonic() - ended
    if frozen.population_size != exits or redrawn.returncode != 0:
        raise SystemExit(f"{frozen.population_size} frozen; {redrawn.stdout or redrawn.stderr}")
    total = ended - began
    load = os.getloadavg()[0]
    sys.stdout.write(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {load:.1f}, {exits:,} exits:\n"
        f"freeze and hash  {froze - began:6.1f} s\n"
        f"draw and files   {ended - froze:6.1f} s\n"
        f"together         {total:6.1f} s (aim {AIM_SECONDS})\n"
        f"processor time   {own + theirs:6.1f} s: Python {own:.1f}, PostgreSQL {theirs:.1f}\n"
        f"peak memory      {peak:6.0f} MB (aim {AIM_MEGABYTES})\n"
        f"verify.py        {verified:6.1f} s: {redrawn.stdout.strip()}\n"
    )
    return int(total > AIM_SECONDS or peak > AIM_MEGABYTES)


def processor_time(server: EmbeddedServer) -> float:
    """Seconds that the server's processes worked which have ended, as those of our calls have."""
    pid = int((server.data_dir / "postmaster.pid").read_text().split()[0])
    times = psutil.Process(pid).cpu_times()
    return float(times.children_user + times.children_system)


if __name__ == "__main__":
    sys.exit(main())

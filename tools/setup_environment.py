"""Make the virtual environment .venv and install the locked requirements into it.

Runs under any bare Python 3.11 or later, with the standard library alone. Packages come only from
requirements-bootstrap.txt (uv, the installer) and requirements.txt, both with hashes: a file that
was changed on its way is refused. Where uv cannot be had, pip does the same in minutes instead of
seconds. A second run that finds nothing to do ends at once.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOOTSTRAP = ROOT / "requirements-bootstrap.txt"
REQUIREMENTS = ROOT / "requirements.txt"
LOWEST_PYTHON = (3, 11)


class SetupFailure(Exception):
    """The environment cannot be made; the message says what to do."""


def main() -> int:
    """Make or bring up to date the environment; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    venv = parser.parse_args().venv.absolute()
    try:
        require_python()
        with (venv.parent / f".{venv.name.lstrip('.')}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up(venv)
    except SetupFailure as failure:
        say(f"error: {failure}")
        return 1
    return 0


def set_up(venv: Path) -> None:
    """Bring the environment to the state that the two requirement files describe."""
    stamp = venv / ".lead_handoff_requirements"
    wanted = fingerprint()
    if works(venv) and stamp.exists() and stamp.read_text() == wanted:
        return
    started = time.monotonic()
    if not works(venv):
        say(f"setting up {venv} (once): making the environment")
        make_venv(venv)
    packages = sum("==" in line for line in REQUIREMENTS.read_text().splitlines())
    say(f"installing {packages} locked packages")
    if not (install_with_uv(venv) or install_with_pip(venv)):
        raise SetupFailure(
            "the locked packages could not be installed; is a package index reachable from here?"
            " pip's own settings (PIP_INDEX_URL, PIP_CERT) are honoured"
        )
    stamp.write_text(wanted)
    say(f"the environment is ready ({time.monotonic() - started:.0f} s)")


def require_python() -> None:
    """Refuse a Python that is too old, naming the way out."""
    if sys.version_info < LOWEST_PYTHON:
        raise SetupFailure(
            f"Python {'.'.join(map(str, LOWEST_PYTHON))} or later is needed, and this is"
            f" {sys.version.split()[0]} ({sys.executable}); name another: make PYTHON=python3.12 …"
        )


def fingerprint() -> str:
    """What the environment depends on: both lock files and the interpreter."""
    digest = hashlib.sha256(BOOTSTRAP.read_bytes() + REQUIREMENTS.read_bytes())
    return f"{digest.hexdigest()} {sys.version.split()[0]}\n"


def works(venv: Path) -> bool:
    """Whether the environment's Python starts and is the one we were asked to use."""
    probe = "import sys; print(sys.version.split()[0], sys.prefix)"
    try:
        outcome = subprocess.run(
            [venv / "bin" / "python", "-I", "-c", probe],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    # The prefix differs when the checkout was moved or copied.
    return outcome.stdout.split() == [sys.version.split()[0], str(venv)]


def make_venv(venv: Path) -> None:
    """Make an empty environment, with pip where this Python has it."""
    shutil.rmtree(venv, ignore_errors=True)
    if importlib.util.find_spec("ensurepip"):
        run([sys.executable, "-m", "venv", str(venv)])
    elif importlib.util.find_spec("pip") or shutil.which("uv"):
        run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    else:
        minor = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupFailure(
            "this Python cannot make virtual environments with pip in them (Debian ships that"
            f" apart); run: apt-get install python{minor}-venv (or install uv) and try again"
        )


def pip_for(venv: Path) -> list[str]:
    """The start of a pip command for the environment: its own pip, or that of our Python."""
    python = str(venv / "bin" / "python")
    own = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    if own.returncode == 0:
        return [python, "-m", "pip"]
    return [sys.executable, "-m", "pip", "--python", python]


def install_with_uv(venv: Path) -> bool:
    """Install with uv, which takes seconds. Returns False if that does not work here."""
    uv = venv / "bin" / "uv"
    bootstrap = ["install", "--quiet", "--require-hashes", "-r", str(BOOTSTRAP)]
    if not uv.exists() and not attempt([*pip_for(venv), *bootstrap]):
        found = shutil.which("uv")
        if found is None:
            return False
        uv = Path(found)
    command = [
        *(str(uv), "pip", "install", "--quiet", "--require-hashes"),
        # Built packages only: no code of a package runs while it is installed. The lock file is
        # complete, and resolved with an override that only `make lock` knows.
        *("--only-binary", ":all:", "--no-deps"),
        # As pip does of itself. dbt's process is told to write nothing, and who forbids Python to
        # write bytecode would wait for the same compilation at every start of anything.
        "--compile-bytecode",
        # Told which interpreter to use: left alone it would download one of its own.
        *("--python", str(venv / "bin" / "python"), "-r", str(REQUIREMENTS)),
    ]
    # The system's certificates where they are set up, as behind a company's proxy; else uv's own.
    return attempt([*command, "--system-certs"]) or attempt(command)


def install_with_pip(venv: Path) -> bool:
    """Install with pip, which takes minutes."""
    say("uv is not usable here: installing with pip, which takes some minutes")
    return attempt(
        [
            *(*pip_for(venv), "install", "--quiet", "--only-binary", ":all:"),
            # The lock file is complete: nothing is to be resolved, and older pips stumble over
            # extras when they try.
            *("--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)),
        ]
    )


def attempt(command: list[str]) -> bool:
    """Run a command and return whether it succeeded; what it says about a failure is shown."""
    outcome = subprocess.run(
        command, env=installer_environment(), capture_output=True, text=True, check=False
    )
    if outcome.returncode != 0:
        say("\n".join((outcome.stdout + outcome.stderr).strip().splitlines()[-12:]))
    return outcome.returncode == 0


def run(command: list[str]) -> None:
    """Run a command that has to succeed."""
    if not attempt(command):
        raise SetupFailure(f"this failed: {' '.join(command)}")


def installer_environment() -> dict[str, str]:
    """Our environment, with pip's settings put into uv's words."""
    environment = dict(os.environ)
    environment.pop("VIRTUAL_ENV", None)
    environment |= {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
    }
    for theirs, ours in (("PIP_INDEX_URL", "UV_DEFAULT_INDEX"), ("PIP_CERT", "SSL_CERT_FILE")):
        if theirs in environment:
            environment.setdefault(ours, environment[theirs])
    home = Path(environment.get("HOME") or "/nonexistent")
    if not os.access(home, os.W_OK):
        # Without a home of its own, the installer keeps its cache with the rest of our local state.
        state = Path(environment.get("HANDOFF_HOME") or ROOT / ".handoff")
        environment.setdefault("XDG_CACHE_HOME", str(state.absolute() / "cache"))
    return environment


def say(line: str) -> None:
    """Report progress where it does not mix with a command's answer."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

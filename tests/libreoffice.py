"""LibreOffice without a window: opens a file and saves it in another form."""

import subprocess
from pathlib import Path


def convert(source: Path, form: str, folder: Path, opened_as: str | None = None) -> Path:
    """Save a file as LibreOffice would in a form, named as its ``--convert-to`` wants it.

    ``opened_as`` is the filter to open it with, where the name's ending does not tell.
    """
    done = subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{folder}/profile",
            "--headless",
            *([f"--infilter={opened_as}"] if opened_as else []),
            *("--convert-to", form, "--outdir", str(folder), str(source)),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    made = folder / f"{source.stem}.{form.partition(':')[0]}"
    assert made.exists(), done.stdout + done.stderr
    return made

"""A copy of expectations/ that a test may damage."""

import shutil
from pathlib import Path

from lead_handoff import settings


def copy_expectations(folder: Path) -> Path:
    """Copy the authored expectations below a folder and return the copy's root."""
    root = folder / "expectations"
    shutil.copytree(settings.expectations_dir(), root)
    return root

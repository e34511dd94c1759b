"""Read the files that people write below ``expectations/``."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read_yaml(file: Path) -> Any:
    """The content of a YAML file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it cannot be read as YAML; the message says where.
    """
    import yaml  # type: ignore[import-untyped]

    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(" ".join(str(error).split())) from error

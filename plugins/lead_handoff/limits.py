"""The numbers of the gates, which the models show too."""

from __future__ import annotations

from pathlib import Path

from lead_handoff.authored import read_yaml
from lead_handoff.settings import SettingError

SHOWN = frozenset({"freshness_days"})
"""The limits that marts show."""


def read_limits(expectations_dir: Path) -> dict[str, dict[str, float]]:
    """What ``limits.yml`` says, ``limit -> source or 'default' -> number``.

    Raises:
        SettingError: the file is missing or holds something else than numbers.
    """
    file = expectations_dir / "limits.yml"
    try:
        content = read_yaml(file)
    except (OSError, ValueError) as error:
        raise SettingError(f"the gates' limits {file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SettingError(f"{file} must map each limit to its numbers")
    if missing := SHOWN - content.keys():
        raise SettingError(f"{file} lacks {', '.join(sorted(missing))}")
    for limit, numbers in content.items():
        if not isinstance(numbers, dict) or "default" not in numbers:
            raise SettingError(f"{file}: {limit} needs a number under `default`")
        for source, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
                raise SettingError(f"{file}: {limit} for {source} is {number!r}, not a number")
    return dict(content)

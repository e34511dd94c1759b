"""The numbers of the gates, which the models show too."""

from __future__ import annotations

from pathlib import Path

from lead_handoff.authored import read_yaml
from lead_handoff.settings import SettingError

SHOWN = frozenset({"freshness_days"})
"""The limits that marts show."""


def read_limits(
    expectations_dir: Path, judging_dir: Path | None = None
) -> dict[str, dict[str, float]]:
    """What ``limits.yml`` says, ``limit -> source or 'default' -> number``.

    A ``limits.yml`` in ``judging_dir`` wins over the project's wherever it names a number.

    Raises:
        SettingError: a file is missing or holds something else than numbers, or the company's own
            names a limit that no gate knows.
    """
    limits = _read(expectations_dir / "limits.yml")
    for limit in SHOWN - limits.keys():
        raise SettingError(f"{expectations_dir / 'limits.yml'} lacks {limit}")
    for limit, numbers in limits.items():
        if "default" not in numbers:
            raise SettingError(
                f"{expectations_dir / 'limits.yml'}: {limit} needs a number under `default`"
            )
    file = judging_dir / "limits.yml" if judging_dir else None
    if file is None or not file.exists():
        return limits
    own = _read(file)
    if unknown := own.keys() - limits.keys():
        raise SettingError(
            f"{file} names {', '.join(sorted(map(str, unknown)))}, which no gate knows; known are"
            f" {', '.join(limits)}"
        )
    return {limit: numbers | own.get(limit, {}) for limit, numbers in limits.items()}


def _read(file: Path) -> dict[str, dict[str, float]]:
    try:
        content = read_yaml(file)
    except (OSError, ValueError) as error:
        raise SettingError(f"the gates' limits {file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise SettingError(f"{file} must map each limit to its numbers")
    for limit, numbers in content.items():
        if not isinstance(numbers, dict):
            raise SettingError(f"{file}: {limit} must map `default` or a source to a number")
        for source, number in numbers.items():
            if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
                raise SettingError(f"{file}: {limit} for {source} is {number!r}, not a number")
    return dict(content)

"""The MetricFlow child process: `mf` without its look for a newer version of itself.

Run by path, in the folder of a parsed project; nothing of this package may enter dbt's import path.
"""

import sys


class NoNews:
    """In place of the library that asks the package registry, at every start, for a new release."""

    def check(self, name: str, version: str) -> None:
        """Know of none."""


def main() -> None:
    """Become `mf`."""
    from dbt_metricflow.cli import main as metricflow

    metricflow.UpdateChecker = NoNews
    metricflow.cli(sys.argv[1:], prog_name="mf")


if __name__ == "__main__":
    main()

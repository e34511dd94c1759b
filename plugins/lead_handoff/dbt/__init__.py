"""Running dbt as a child process, and reading what it leaves behind."""

from lead_handoff.dbt.runner import BuildError, BuildResult, build

__all__ = ["BuildError", "BuildResult", "build"]

"""The documentation of the marts, generated from dbt's manifest: `make docs`.

Pages and the entity diagram are committed under docs/models, so that a reader of the repository
sees them and a change of a mart shows in its review. dbt's own site is megabytes of HTML that
change with each run, and lies under HANDOFF_HOME.
"""

from lead_handoff.dbt.docs.pages import FOLDER, rendered, write

__all__ = ["FOLDER", "rendered", "write"]

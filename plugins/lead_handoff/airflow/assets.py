"""What DAGs wait for of each other."""

from airflow.sdk import Asset

PUBLISHED_MARTS = Asset(name="published_marts", uri="x-lead-handoff://warehouse/marts")
"""The marts that readers see; each published night is an event of it."""

"""The page on landing names each column of the plain route that is read."""

import re

from lead_handoff import settings
from lead_handoff.catalogue import CATALOGUE


def test_every_optional_column_of_the_plain_route_is_named() -> None:
    page = (settings.project_root() / "docs" / "landing.md").read_text(encoding="utf-8")
    section = page.partition("The plain route's other columns")[2].partition("An `updated_at`")[0]
    told = {
        line.split("|")[1].strip(): set(re.findall(r"\w+", line.split("|")[2]))
        for line in section.splitlines()
        if line.startswith("| ")
    }
    for name, spec in CATALOGUE["generic"].items():
        optional = {column.name for column in spec.columns if not column.required}
        assert optional <= told[name], name

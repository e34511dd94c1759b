"""Reading docker-compose.yml as the container engine does: merged, with variables filled in."""

import re
from collections.abc import Mapping
from typing import Any

import yaml  # type: ignore[import-untyped]

from lead_handoff import settings

VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}|\$\$")


class MissingVariableError(Exception):
    """A variable without a default is not set, which stops `docker compose`."""


def compose_file() -> dict[str, Any]:
    """The file with its anchors merged and its variables still in it."""
    text = (settings.project_root() / "docker-compose.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    """The value with every variable replaced, at any depth."""
    if isinstance(value, dict):
        return {name: filled_in(part, variables) for name, part in value.items()}
    if isinstance(value, list):
        return [filled_in(part, variables) for part in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda match: _value_of(match, variables), value)
    return value


def _value_of(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match[0] == "$$":
        return "$"
    given = variables.get(match["name"], "")
    if given:
        return given
    if match["kind"] == "-":
        return str(match["rest"])
    raise MissingVariableError(match["name"])

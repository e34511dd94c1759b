"""What the linter knows of dbt's `adapter`: it renders the macros of PostgreSQL."""

from collections.abc import Callable

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, name: str, package: str = "") -> Callable[..., str]:
    """The macro that PostgreSQL has under a name."""
    macro: Callable[..., str] = context.resolve(f"postgres__{name}")
    return macro

"""What the review's chair reads before giving the seed."""

from datetime import UTC

import psycopg

from lead_handoff.review.casefile import KIND_WORDS
from lead_handoff.review.policy import agreed_seed
from lead_handoff.review.population import Frozen


def notice(warehouse_url: str, frozen: Frozen) -> str:
    """The frozen month in numbers, its hash, and what to do, as Markdown; nobody is named."""
    with psycopg.connect(warehouse_url, application_name="lead_handoff:review") as connection:
        counted = connection.execute(
            "select exit_kind, count(*) from review.population where month = %s"
            " group by exit_kind order by exit_kind",
            [frozen.month],
        ).fetchall()
    kinds = ", ".join(f"{count} {KIND_WORDS[kind]}" for kind, count in counted)
    agreed = frozen.policy.get("default_seed")
    otherwise = (
        f"the agreed seed `{agreed_seed(agreed, frozen.month)}`"
        if agreed
        else "a seed of the system's generator, as the agreement names none (default_seed)"
    )
    size = frozen.policy["sample_size"]
    how = "all of them are reviewed" if frozen.policy["census"] else f"{size} or more are drawn"
    return "\n".join(
        (
            f"The handoffs of **{frozen.month}** that sales rejected, sent back or ignored are "
            "frozen and wait for a seed.",
            "",
            f"- Handoffs: **{frozen.population_size}** ({kinds or 'none'}); {how}",
            f"- SHA-256: `{frozen.population_sha256}`",
            f"- Draw: `{frozen.draw_id}`",
            f"- Frozen: {frozen.frozen_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, from the marts as "
            f"of {frozen.run_as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            "",
            "1. Tell both teams the SHA-256, so that nobody can change the population unseen.",
            "2. Throw at least ten dice where others can see them, and type the digits as Seed.",
            "3. Release.",
            "",
            f"Where nobody answers in time, the month is drawn with {otherwise}.",
        )
    )

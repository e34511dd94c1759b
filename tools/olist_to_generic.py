"""Turn the public Olist marketing-funnel CSVs into generic extracts and an agreement to match.

    python tools/olist_to_generic.py --from DIR --extracts DIR --agreement DIR

DIR of --from holds the two published files (fetch them yourself and mind their licence; nothing
of them belongs into this repository):

- olist_marketing_qualified_leads_dataset.csv: mql_id, first_contact_date, landing_page_id, origin
- olist_closed_deals_dataset.csv: mql_id, sdr_id, sr_id, won_date, ... (a row is a deal won)

What the data says, and what is made of it:

| in the files | in the extracts |
|---|---|
| a lead, first contact on a date without a time | a lead created then, and two changes of its status in that instant: to inquiry, and from inquiry to mql; the handoff opens there |
| origin | lead_source |
| a deal, won_date in UTC without an offset | an opportunity created, closed and won at that instant, owner and closer sr_id. Nobody wrote down when the opportunity began, so that no sql event may be claimed: the move into won skips acceptance, and says so as a finding |
| sr_id of a deal | the lead's owner from won_date on, which is all that is known |
| sdr_id, and whatever else a deal tells | more columns of the opportunity |
| neither accepted nor rejected, no score, no attribute, no touch | nothing: such leads stay without a response |

The agreement that goes with it names one source, one team, the stages inquiry, mql and won, and no
clause at all: the data holds no acceptance, no touches and no score, so that no clock of an SLA
could be judged. A response without a due time is never late, so that no lead counts as ignored, and
none as rejected. Rules that need what is not there are switched off. Nobody signed it, and it says
that too. Every day and time is read in UTC, which keeps a lead in the month of its first contact.
"""  # noqa: E501 - a table's rows do not break

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

from lead_handoff.agreement import check_agreement
from lead_handoff.agreement.vocabulary import FILES, THRESHOLDS

LEADS_FILE = "olist_marketing_qualified_leads_dataset.csv"
DEALS_FILE = "olist_closed_deals_dataset.csv"
LEAD_COLUMNS = ("mql_id", "first_contact_date", "landing_page_id", "origin")
DEAL_COLUMNS = ("mql_id", "sdr_id", "sr_id", "won_date")
TEAM = "Sales"
CALENDAR = "office"

JUDGED_RULES = (
    "skipped_stage",
    "backward_move",
    "impossible_move",
    "future_or_backdated",
    "history_gap",
    "unmapped_stage_value",
    "unsigned_agreement",
    "duplicate_live_record",
)
"""The rules that leads, dates and deals can speak to."""

Rows = Iterable[Sequence[object]]


class InputError(Exception):
    """A file is missing or is not what it should be."""


def read(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of one published file, which must have `columns`.

    Raises:
        InputError: the file is missing or lacks a column.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; --from must name the folder of the published files")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [name for name in columns if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{path.name} has no column {', '.join(missing)}")
        return list(reader)


def write(path: Path, header: Sequence[str], rows: Rows) -> None:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def night_after(leads: list[dict[str, str]], deals: list[dict[str, str]]) -> date:
    """The first midnight after everything in the files has happened."""
    newest = max(
        [lead["first_contact_date"] for lead in leads] + [deal["won_date"][:10] for deal in deals]
    )
    return date.fromisoformat(newest) + timedelta(days=1)


def write_extracts(root: Path, leads: list[dict[str, str]], deals: list[dict[str, str]]) -> date:
    """Write one night's folder of each generic object; returns the night.

    Raises:
        InputError: a deal names no known lead, or a lead has two deals.
    """
    night = night_after(leads, deals)
    won = {deal["mql_id"]: deal for deal in deals}
    unknown = set(won) - {lead["mql_id"] for lead in leads}
    if unknown or len(won) < len(deals):
        raise InputError(
            f"{DEALS_FILE}: {len(unknown)} deals of unknown leads, "
            f"{len(deals) - len(won)} second deals of a lead"
        )

    def target(name: str) -> Path:
        return root / "generic" / name / night.isoformat() / f"{name}.csv"

    def at(deal: dict[str, str]) -> str:
        return datetime.fromisoformat(deal["won_date"]).replace(tzinfo=UTC).isoformat()

    def lead_row(lead: dict[str, str]) -> tuple[str, ...]:
        deal = won.get(lead["mql_id"])
        met = lead["first_contact_date"]
        owner, changed = (deal["sr_id"], max(met, at(deal))) if deal else ("", met)
        return (
            *(lead["mql_id"], met, lead["origin"], owner, "mql", changed),
            *("false", lead["landing_page_id"]),
        )

    def event_rows() -> Iterable[tuple[str, ...]]:
        for lead in leads:
            key, met = lead["mql_id"], lead["first_contact_date"]
            yield (f"{key}-inquiry", key, "status", "", "inquiry", met, met, "", "")
            yield (f"{key}-mql", key, "status", "inquiry", "mql", met, met, "", "")
        for key, deal in won.items():
            yield (f"{key}-owner", key, "owner_id", "", deal["sr_id"], at(deal), at(deal), "", "")

    more = [name for name in deals[0] if name not in ("mql_id", "sr_id", "won_date")]

    def deal_row(deal: dict[str, str]) -> tuple[str, ...]:
        when, rep = at(deal), deal["sr_id"]
        return (
            *(f"{deal['mql_id']}-deal", deal["mql_id"], when, "won", "", "BRL", "true", "true"),
            *(when, rep, when, rep, rep),
            *(deal[name] for name in more),
        )

    write(
        target("leads"),
        [
            "lead_id",
            "created_at",
            "lead_source",
            "owner_id",
            "status",
            "updated_at",
            "is_deleted",
            "landing_page_id",
        ],
        map(lead_row, leads),
    )
    write(
        target("lead_events"),
        [
            "event_id",
            "lead_id",
            "field",
            "old_value",
            "new_value",
            "occurred_at",
            "recorded_at",
            "actor_id",
            "reason",
        ],
        event_rows(),
    )
    write(
        target("opportunities"),
        [
            "opportunity_id",
            "lead_id",
            "created_at",
            "stage",
            "amount",
            "currency",
            "is_closed",
            "is_won",
            "closed_at",
            "owner_id",
            "updated_at",
            "created_by",
            "closed_by",
            *more,
        ],
        map(deal_row, deals),
    )
    write(
        target("users"),
        ["user_id", "name", "email", "is_active", "manager_id", "team", "role", "user_type"],
        ((user, name, "", "true", "", TEAM, role, "standard") for user, name, role in staff(deals)),
    )
    return night


def staff(deals: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    """(id, made-up name, role) of everybody named in a deal; who ever closed one is a rep."""
    reps = {deal["sr_id"] for deal in deals}
    developers = {deal["sdr_id"] for deal in deals} - reps
    return [(user, f"Rep {user[:6]}", "rep") for user in sorted(reps)] + [
        (user, f"BDR {user[:6]}", "bdr") for user in sorted(developers)
    ]


def write_agreement(folder: Path, leads: list[dict[str, str]], deals: list[dict[str, str]]) -> None:
    """Write the agreement under which this data can be judged."""
    version = "olist"
    start = min(lead["first_contact_date"] for lead in leads)[:7] + "-01"
    status = ("generic", "leads", "status", "status")
    blank_signatures = ("", "", "", "", "", "", "false")
    content: dict[str, list[tuple[object, ...]]] = {
        "agreement_versions": [
            (
                *(version, start, "UTC", CALENDAR, "mql", "false", 0, 0, 15, "false", 4),
                *blank_signatures,
                "Nobody signed it: made for published data that came without an agreement",
                "",
            )
        ],
        "agreement_sources": [("generic", "both", "UTC", "true")],
        "agreement_stage_map": [
            (version, *status, "inquiry", "inquiry", "true"),
            (version, *status, "mql", "mql", "true"),
        ],
        "agreement_fields": [
            (version, "generic", "leads", "owner", "owner_id", "owner_id"),
            (version, "generic", "leads", "lead_source", "lead_source", "lead_source"),
        ],
        "agreement_tiers": [(version, 1, "all", 0, 0)],
        "agreement_calendars": [
            (version, CALENDAR, "America/Sao_Paulo", weekday, "09:00", "18:00")
            for weekday in range(1, 6)
        ],
        "agreement_roster": [
            (
                *(version, "generic", user, name, "sales", role, TEAM, ""),
                *("true" if role == "rep" else "false", CALENDAR),
            )
            for user, name, role in staff(deals)
        ],
        "agreement_rules": [
            (version, rule, "info", "true" if rule in JUDGED_RULES else "false")
            for rule in THRESHOLDS
        ],
        "agreement_thresholds": [
            (version, "future_or_backdated", "future_minutes", 60, "minutes"),
            (version, "future_or_backdated", "backdated_days", 7, "days"),
        ],
        "agreement_review_policy": [
            (version, "strata", "team|exit_kind"),
            (version, "minimum_per_stratum", 2),
            (version, "sample_size", 30),
            (version, "census_below", 30),
        ],
    }
    for stem, file in FILES.items():
        write(folder / f"{stem}.csv", file.names, content.get(stem, []))


def main(arguments: list[str] | None = None) -> int:
    """Convert what the command line names."""
    parser = argparse.ArgumentParser(
        prog="python tools/olist_to_generic.py",
        description="Turn the Olist funnel's two CSV files into generic extracts.",
    )
    parser.add_argument("--from", dest="source", type=Path, required=True)
    parser.add_argument("--extracts", type=Path, required=True)
    parser.add_argument("--agreement", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        leads = read(options.source / LEADS_FILE, LEAD_COLUMNS)
        deals = read(options.source / DEALS_FILE, DEAL_COLUMNS)
        if not leads or not deals:
            raise InputError("a file has no rows")
        night = write_extracts(options.extracts, leads, deals)
        write_agreement(options.agreement, leads, deals)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    problems = check_agreement(options.agreement)
    for problem in problems:
        print(problem, file=sys.stderr)
    met = {lead["mql_id"]: lead["first_contact_date"] for lead in leads}
    early = sum(deal["won_date"][:10] < met[deal["mql_id"]] for deal in deals)
    print(f"{len(leads):,} leads, {len(deals):,} deals won ({early} before the first contact)")
    print("load them with:")
    print(
        f"  HANDOFF_EXTRACTS={options.extracts.resolve()} "
        f"HANDOFF_AGREEMENT={options.agreement.resolve()} make nightly DATE={night.isoformat()}"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

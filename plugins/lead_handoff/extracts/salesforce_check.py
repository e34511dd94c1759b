"""What stands between a connection and its first night, in words an administrator can act on."""

from __future__ import annotations

from lead_handoff.catalogue import CATALOGUE
from lead_handoff.extracts.errors import ExtractError
from lead_handoff.extracts.salesforce import fields_of, objects
from lead_handoff.extracts.salesforce_session import DAY_SHARE, Session

TRACKED = {"Lead": ("Status", "OwnerId"), "Opportunity": ("StageName", "OwnerId")}
"""Fields whose history the pipeline reads; Salesforce keeps none until it is switched on."""

TRACKING = (
    "SELECT QualifiedApiName, IsFieldHistoryTracked FROM FieldDefinition"
    " WHERE EntityDefinition.QualifiedApiName = '{}'"
)


def problems_of(salesforce: Session) -> list[str]:
    """One sentence for each thing that is missing; an empty list where a pull can begin.

    Raises ExtractError where not even the login succeeds.
    """
    salesforce.login()
    limits = salesforce.get("/limits")
    day = limits.get("DailyApiRequests")
    if day and day["Remaining"] < (1 - DAY_SHARE) * day["Max"]:
        # Every further question would be refused for the same reason.
        return [
            f"Only {day['Remaining']} of the day's {day['Max']} API requests are left: a pull stops"
            f" when {DAY_SHARE:.0%} are used. Wait for the next day, or buy more."
        ]
    problems = []
    for name in objects():
        try:
            fields_of(salesforce, CATALOGUE["salesforce"][name])
        except ExtractError as error:
            problems.append(f"{name}: {error}")
    for name, fields in TRACKED.items():
        try:
            answer = salesforce.get("/query", {"q": TRACKING.format(name)})
        except ExtractError as error:
            problems.append(f"{name}: whether its history is kept cannot be told ({error})")
            continue
        tracked = {
            each["QualifiedApiName"] for each in answer["records"] if each["IsFieldHistoryTracked"]
        }
        problems.extend(
            f"{name}: the history of {field} is not kept. Switch it on in Setup, Object Manager,"
            f" {name}, Fields, Set History Tracking; changes made before that are lost."
            for field in fields
            if field not in tracked
        )
    return problems

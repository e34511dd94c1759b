"""Small companies, each with one thing that once ended a night or accused somebody falsely."""

from __future__ import annotations

import json
from pathlib import Path

from tests.oracle.agreements import Row, copy_agreement
from tests.oracle.stories import ALICE, Story, at, stamp

DEAL = "006Hs0000000001AAA"
LOSES_WITH_ITS_DEAL = "00QHs0000000001AAA"
SCANNER = "9000040"
CLICKS = 24


def small_agreement(target: Path) -> Path:
    """The example, where a lost deal is told by its lead's status alone.

    The plain route's own stages are named too: one as won, one as none; others are not.
    """

    def stages(rows: list[Row]) -> list[Row]:
        silenced = ("salesforce", "Opportunity", "Closed Lost")
        named = {"Sold": "won", "Parked": "none", "Talks": "mql"}
        return [
            row | {"stage": "none"}
            if (row["source_system"], row["object"], row["value"]) == silenced
            else row
            for row in rows
        ] + [
            {
                "agreement_version": version,
                "source_system": "generic",
                "object": "opportunities",
                "field": "stage",
                "history_name": "stage",
                "value": value,
                "stage": stage,
                "is_authority": "true",
            }
            for version in dict.fromkeys(row["agreement_version"] for row in rows)
            for value, stage in named.items()
        ]

    return copy_agreement(target, {"stage_map": stages})


def many_changes_in_one_second(story: Story) -> None:
    """A scanner clicks all links of a mail, and each click scores."""
    story.marketo("2026-05-20 14:00", SCANNER, link="", leadStatus="MQL", leadScore="240")
    for click in range(CLICKS):
        story.land(
            "marketo",
            "activities",
            marketoGUID=f"bot-{click:02d}",
            leadId=SCANNER,
            activityDate=stamp(at("2026-06-05 09:30")),
            activityTypeId="22",
            campaignId="1021",
            primaryAttributeValue="Lead Score",
            attributes=json.dumps(
                {"Old Value": str(10 * click), "New Value": str(10 * click + 10)}
            ),
        )


def one_id_in_two_objects(story: Story) -> None:
    """Each table of a spreadsheet counts from 1: lead 1 and opportunity 1 of it are two records."""
    plain_lead(story, "1", "2026-06-01 09:00")
    plain_deal(story, "1", "2026-06-03 09:00", closed="2026-06-05 09:00", stage="Lost")


def plain_lead(story: Story, key: str, when: str) -> None:
    moment = stamp(at(when))
    story.land("generic", "leads", lead_id=key, created_at=moment, updated_at=moment, status="mql")


def plain_deal(
    story: Story, key: str, created: str, closed: str = "", stage: str = "", **fields: str
) -> None:
    flags = {"is_closed": "true", "is_won": "false"} | fields
    story.land(
        "generic",
        "opportunities",
        opportunity_id=key,
        lead_id=key,
        created_at=stamp(at(created)),
        updated_at=stamp(at(closed or created)),
        closed_at=stamp(at(closed)) if closed else "",
        stage=stage,
        **flags,
    )


def a_closing_mapped_to_none(story: Story) -> None:
    """The lead is rejected, and in that second its deal is lost, which tells nothing."""
    converted = {
        "IsConverted": "true",
        "ConvertedDate": "2026-03-04",
        "ConvertedOpportunityId": DEAL,
        "ConvertedContactId": "003Hs0000000001AAA",
    }
    story.marketo("2026-03-02 08:00", "9000041", link=LOSES_WITH_ITS_DEAL, leadStatus="MQL")
    told = {"Old_Value": "MQL", "New_Value": "SAL"}
    story.activity("2026-03-03 10:00", 13, "Lead Status", "9000041", **told)
    story.lead(
        "2026-03-05 15:00",
        LOSES_WITH_ITS_DEAL,
        created="2026-03-02 09:00",
        **(converted | {"Status": "Rejected"}),
    )
    for when, old, new in (
        ("2026-03-03 10:00", "Open", "Accepted"),
        ("2026-03-05 11:00", "Accepted", "Converted"),
        ("2026-03-05 15:00", "Converted", "Rejected"),
    ):
        story.status(when, old, new, ALICE, key=LOSES_WITH_ITS_DEAL)
    closed = {"IsClosed": "true", "CloseDate": "2026-03-05"}
    created = {"CreatedDate": stamp(at("2026-03-05 11:00"))}
    story.opportunity("2026-03-05 15:00", DEAL, "Closed Lost", **(closed | created))
    story.stage("2026-03-05 15:00", DEAL, "Proposal", "Closed Lost")


def stages_of_plain_deals(story: Story) -> None:
    """What the map names is read by it, whatever the flags say; what it does not, by the flags."""
    for key, stage, flags in (
        ("71", "Sold", {"is_closed": "", "is_won": ""}),
        ("72", "Parked", {}),
        ("73", "Talks", {}),
        ("74", "Signed", {"is_won": "true"}),
        ("75", "Waiting", {"is_closed": "false"}),
    ):
        plain_lead(story, key, "2026-06-01 09:00")
        plain_deal(story, key, "2026-06-03 09:00", closed="2026-06-05 09:00", stage=stage, **flags)

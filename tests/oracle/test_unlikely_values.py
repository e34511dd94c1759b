"""Dates that stand for none, and ids that other programs rewrote, on stories worked by hand."""

import json

import pytest

from tests.oracle.stories import LEAD_15, Story, at, stamp

END = "2026-06-06 00:00"


def generic_lead(story: Story, **fields: str) -> None:
    row = {"lead_id": "G", "created_at": stamp(at("2026-05-20 14:00")), "status": "mql"}
    row |= {"updated_at": stamp(at("2026-06-05 14:00")), "score": "70"} | fields
    story.land("generic", "leads", **row)


def generic_event(story: Story, **fields: str) -> None:
    row = {"event_id": "e", "lead_id": "G", "field": "status", "old_value": "inquiry"}
    row |= {"new_value": "mql", "occurred_at": stamp(at("2026-06-05 13:00"))}
    row |= {"recorded_at": stamp(at("2026-06-05 13:00"))} | fields
    story.land("generic", "lead_events", **row)


@pytest.mark.parametrize(
    "no_date", ["0001-01-01T00:00:00Z", "1899-12-30", "1970-01-01 00:00:00", "9999-12-31"]
)
def test_a_lead_without_a_date_was_made_at_its_oldest_event_or_stamp(
    story: Story, no_date: str
) -> None:
    generic_lead(story, created_at=no_date)
    (lead,) = story.judged(END).identity.leads
    assert lead.created_at == at("2026-06-05 14:00")
    generic_event(story)
    (lead,) = story.judged(END).identity.leads
    assert lead.created_at == at("2026-06-05 13:00")


def test_a_stamp_without_a_date_is_the_records_creation(story: Story) -> None:
    generic_lead(story, updated_at="1900-01-01")
    company = story.judged(END).company
    (version,) = company.record_versions("generic", "leads", "G")
    assert version.stamp == at("2026-05-20 14:00")
    assert not version.from_folder


def test_a_row_is_refused_where_neither_stamp_nor_creation_is_known(story: Story) -> None:
    generic_lead(story, updated_at="1900-01-01", created_at="0001-01-01")
    generic_event(story, occurred_at="1899-12-30T00:00:00Z")
    judged = story.judged(END)
    assert judged.identity.leads == []
    assert judged.company.changes == {}


def test_an_opportunity_without_a_date_was_made_at_its_oldest_stamp_or_closing(
    story: Story,
) -> None:
    story.lead("2026-04-01 12:00", ConvertedOpportunityId="006000000000001")
    story.opportunity("2026-05-06 15:00", "006000000000001", CreatedDate="1900-01-01")
    ((opportunity,),) = story.judged(END).events.opportunities.values()
    assert opportunity.created_at == at("2026-05-06 15:00")
    story.stage("2026-05-04 15:00", "006000000000001", "Prospecting", "Closed Won")
    ((opportunity,),) = story.judged(END).events.opportunities.values()
    assert opportunity.created_at == at("2026-05-04 15:00")


def test_a_task_without_a_date_of_its_making_is_not_late_logged(story: Story) -> None:
    story.lead("2026-04-01 12:00")
    story.task("2026-04-07 12:00", CreatedDate="1900-01-01T00:00:00Z", ActivityDate="2026-04-01")
    ((touch,),) = story.judged(END).touches.by_lead.values()
    assert touch.recorded_at == at("2026-04-07 12:00")
    assert not touch.is_late_logged


def test_an_id_that_pandas_made_a_decimal_is_the_id(story: Story) -> None:
    generic_lead(story, owner_id="501.0", lead_id='="G"')
    generic_event(story, lead_id="G", actor_id="502.0")
    judged = story.judged(END)
    (version,) = judged.company.record_versions("generic", "leads", "G")
    assert version.row["owner_id"] == "501"
    ((change,),) = judged.company.changes.values()
    assert change.actor_id == "502"


@pytest.mark.parametrize("lost", ["5.00123E+17", "5e+170", "5,1E+17"])
def test_an_id_that_lost_its_digits_refuses_its_row(story: Story, lost: str) -> None:
    generic_lead(story, lead_id=lost)
    generic_lead(story, lead_id="H", owner_id=lost)
    generic_event(story, field="owner_id", new_value=lost)
    generic_event(story, event_id="kept", field="status", new_value=lost)
    judged = story.judged(END)
    assert judged.identity.leads == []
    assert [change.event_id for (change,) in judged.company.changes.values()] == ["kept"]


def test_owners_of_a_history_are_read_as_ids(story: Story) -> None:
    generic_event(story, field="owner_id", old_value="501.0", new_value='="007"')
    ((change,),) = story.judged(END).company.changes.values()
    assert (change.old, change.new) == ("501", "007")


def test_a_reference_of_zeros_is_none(story: Story) -> None:
    story.lead("2026-04-01 12:00", MasterRecordId="000000000000000AAA", OwnerId="000000000000000")
    (lead,) = story.judged(END).identity.leads
    assert lead.merged_count == 0
    assert lead.records[0].row["OwnerId"] is None


def test_attributes_as_a_list_of_names_and_values_are_read(story: Story) -> None:
    story.lead("2026-05-20 14:00")
    story.marketo("2026-05-20 14:00", link=LEAD_15)
    pairs = [{"name": "Old Value", "value": "Inquiry"}, {"name": "New Value", "value": "MQL"}]
    for number, attributes in enumerate([pairs, json.dumps(pairs)]):
        story.land(
            "marketo", "activities", marketoGUID=f"c{number}", leadId="1", activityTypeId="13",
            activityDate=stamp(at(f"2026-05-2{6 + number} 13:00")),
            primaryAttributeValue="Lead Status", attributes=json.dumps(attributes),
        )  # fmt: skip
    changes = [c for found in story.judged(END).company.changes.values() for c in found]
    assert {(change.old, change.new) for change in changes} == {("Inquiry", "MQL")}

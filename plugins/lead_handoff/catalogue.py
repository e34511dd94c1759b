"""What each source delivers: its objects, their columns, keys and modification stamps.

The catalogue is the contract with the sources. A column that is not in it is still landed, as text;
a column that is in it exists in the raw table from the start, delivered or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from lead_handoff.value_rules import KINDS

METADATA_COLUMNS = (
    "_key",
    "_stamp",
    "_stamp_from_folder",
    "_content_hash",
    "_first_night",
    "_load_id",
    "_overflow",
)
"""Columns that landing adds to each raw table; a source's column never gets one of these names."""

OWNER_FIELDS = frozenset({"Owner", "OwnerId", "hubspot_owner_id", "owner_id"})
"""Names under which the sources' histories tell who owns a record; an agreement may name more."""


def snake_case(name: str) -> str:
    """The column or table name under which a source's own name is landed.

    >>> snake_case("SystemModstamp"), snake_case("marketoGUID"), snake_case("Lead_Score__c")
    ('system_modstamp', 'marketo_guid', 'lead_score__c')
    """
    name = re.sub(r"([^_])([A-Z][a-z]+)", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"[^a-z0-9_]", "_", name.lower())


@dataclass(frozen=True)
class Column:
    """One column of an object, under the source's own name.

    ``required``: a file without it is refused. ``filled``: a row without a value in it cannot be
    used (a moment that places the row in time). ``plannable``: may lie in the future by nature.
    ``looked_up``: a night finds the rows about its leads by it, so the raw table is indexed by it.
    ``is_creation``: tells when the record was made.
    """

    name: str
    kind: str = "text"
    required: bool = False
    filled: bool = False
    plannable: bool = False
    looked_up: bool = False
    is_creation: bool = False

    @cached_property
    def landed(self) -> str:
        """Name of the raw column."""
        return snake_case(self.name)


@dataclass(frozen=True)
class ObjectSpec:
    """One object of a source.

    ``stamps`` are the columns that may hold the modification stamp, the first non-empty one of a
    row counts; where none is named, or the row has none of only optional ones, the folder's date
    is the stamp (``stamp_falls_back``). ``history`` is, of an object whose rows are changes of
    fields, the column that names the field, then those that hold its values.
    """

    source: str
    name: str
    key: str
    columns: tuple[Column, ...]
    stamps: tuple[str, ...] = ()
    stamp_falls_back: bool = False
    literal_null: bool = False
    history: tuple[str, ...] = ()
    by_folded_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        folded = {fold(column.name): column for column in self.columns}
        object.__setattr__(self, "by_folded_name", folded)
        names = {column.name for column in self.columns}
        missing = {self.key, *self.stamps, *self.history} - names
        if missing or len(folded) != len(self.columns):
            raise ValueError(f"{self.source} {self.name}: bad catalogue entry {missing}")
        always = [self.column(name) for name in self.stamps]
        if not (self.stamp_falls_back or any(c.required and c.filled for c in always)):
            raise ValueError(f"{self.source} {self.name}: a row could be without a stamp")

    @property
    def schema(self) -> str:
        """Schema of the raw table."""
        return f"raw_{self.source}"

    @property
    def table(self) -> str:
        """Name of the raw table."""
        return snake_case(self.name)

    @property
    def landed_key(self) -> str:
        """The raw column that holds a row's key."""
        return snake_case(self.key)

    @property
    def landed_stamps(self) -> list[str]:
        """The raw columns that may hold the modification stamp; a row's first filled one counts."""
        return [snake_case(stamp) for stamp in self.stamps]

    @property
    def creations(self) -> list[Column]:
        """The columns that tell when the record was made, the one that must be filled first."""
        found = [column for column in self.columns if column.is_creation]
        return sorted(found, key=lambda column: not column.filled)

    def column(self, name: str) -> Column:
        """The column of this (source's own) name."""
        return self.by_folded_name[fold(name)]


def fold(name: str) -> str:
    """A name without regard to case and outer spaces, for comparing."""
    return name.strip().casefold()


def _columns(text: str) -> tuple[Column, ...]:
    """Read ``Name:kind!*+@~`` entries: required, filled, plannable, looked up, the creation."""
    columns = []
    for entry in text.split():
        name, _, rest = entry.partition(":")
        kind = rest.rstrip("!*+@~") or "text"
        if kind not in KINDS:
            raise ValueError(f"unknown kind in {entry}")
        columns.append(Column(name, kind, *(mark in rest for mark in "!*+@~")))
    return tuple(columns)


def _salesforce(
    name: str, columns: str, stamp: str = "SystemModstamp", history: tuple[str, ...] = ()
) -> ObjectSpec:
    looked_up = "@" if name in ("Lead", "Opportunity") else ""
    columns = f"Id:id!*{looked_up} {columns}"
    return ObjectSpec("salesforce", name, "Id", _columns(columns), (stamp,), history=history)


def _marketo(
    name: str, key: str, columns: str, stamp: str | None, falls_back: bool = False
) -> ObjectSpec:
    stamps = (stamp,) if stamp else ()
    return ObjectSpec("marketo", name, key, _columns(columns), stamps, falls_back, True)


def _hubspot(name: str, columns: str, is_looked_up: bool = True) -> ObjectSpec:
    """An archived record says when it was; its other stamp may be older than that."""
    columns = (
        f"id:id!*{'@' if is_looked_up else ''} createdAt:timestamp~ updatedAt:timestamp!*"
        f" archived:boolean archivedAt:timestamp {columns}"
    )
    return ObjectSpec("hubspot", name, "id", _columns(columns), ("archivedAt", "updatedAt"))


def _hubspot_engagement(name: str, columns: str) -> ObjectSpec:
    """``contact_ids`` are its associations, which HubSpot keeps apart from its properties."""
    return _hubspot(
        name,
        "hs_timestamp:timestamp!+ hs_createdate:timestamp~ hs_lastmodifieddate:timestamp"
        f" hubspot_owner_id:id hs_created_by_user_id:id contact_ids:id_list! {columns}",
    )


def _hubspot_history(name: str, of: str) -> ObjectSpec:
    """HubSpot gives an entry no id: the pull makes one of what the entry says."""
    return ObjectSpec(
        "hubspot",
        name,
        "id",
        _columns(
            f"id:id!* {of}:id!@ property:text! value:text! timestamp:timestamp!* sourceType:text!"
            " sourceId sourceLabel updatedByUserId:id"
        ),
        ("timestamp",),
        history=("property", "value"),
    )


def _generic(
    name: str, key: str, columns: str, stamp: str | None, history: tuple[str, ...] = ()
) -> ObjectSpec:
    """An updated_at, where delivered and filled, is the stamp of any generic object."""
    stamps = tuple(dict.fromkeys(["updated_at", *([stamp] if stamp else [])]))
    if "updated_at" not in columns:
        columns += " updated_at:timestamp"
    return ObjectSpec(
        "generic", name, key, _columns(columns), stamps, stamp is None, history=history
    )


_OBJECTS = (
    _salesforce(
        "Lead",
        "IsDeleted:boolean MasterRecordId:id FirstName LastName Email Phone Company LeadSource"
        " Status:text! OwnerId:id IsConverted:boolean ConvertedDate:date ConvertedAccountId:id"
        " ConvertedContactId:id ConvertedOpportunityId:id CreatedDate:timestamp!*~ CreatedById:id"
        " LastModifiedDate:timestamp SystemModstamp:timestamp!*",
    ),
    _salesforce(
        "LeadHistory",
        "IsDeleted:boolean LeadId:id!@ CreatedById:id CreatedDate:timestamp!* Field:text! DataType"
        " OldValue:text! NewValue:text!",
        stamp="CreatedDate",
        history=("Field", "OldValue", "NewValue"),
    ),
    _salesforce(
        "Task",
        "IsDeleted:boolean WhoId:id!@ WhatId:id OwnerId:id Subject TaskSubtype Type Status"
        " IsClosed:boolean! ActivityDate:date CompletedDateTime:timestamp! CreatedDate:timestamp!*~"
        " CreatedById:id SystemModstamp:timestamp!*",
    ),
    _salesforce(
        "Event",
        "IsDeleted:boolean WhoId:id!@ WhatId:id OwnerId:id Subject Type StartDateTime:timestamp!+"
        " EndDateTime:timestamp!+ CreatedDate:timestamp!*~ CreatedById:id"
        " SystemModstamp:timestamp!*",
    ),
    _salesforce(
        "User",
        "Name Username Email IsActive:boolean UserType ManagerId:id Department Title ProfileId:id"
        " SystemModstamp:timestamp!* CreatedDate:timestamp~",
    ),
    _salesforce("Group", "Name Type SystemModstamp:timestamp!*"),
    _salesforce(
        "Opportunity",
        "IsDeleted:boolean Name StageName:text! Amount:number CurrencyIsoCode IsClosed:boolean!"
        " IsWon:boolean! CloseDate:date OwnerId:id CampaignId:id LeadSource"
        " CreatedDate:timestamp!*~ CreatedById:id LastStageChangeDate:timestamp"
        " SystemModstamp:timestamp!*",
    ),
    _salesforce(
        "OpportunityFieldHistory",
        "IsDeleted:boolean OpportunityId:id!@ CreatedById:id CreatedDate:timestamp!* Field:text!"
        " OldValue:text! NewValue:text!",
        stamp="CreatedDate",
        history=("Field", "OldValue", "NewValue"),
    ),
    _salesforce(
        "OpportunityHistory",
        "IsDeleted:boolean OpportunityId:id!@ CreatedById:id CreatedDate:timestamp!*"
        " StageName:text! Amount:number CloseDate:date",
        stamp="CreatedDate",
    ),
    _salesforce(
        "OpportunityContactRole",
        "IsDeleted:boolean OpportunityId:id! ContactId:id!@ Role IsPrimary:boolean"
        " CreatedDate:timestamp~ SystemModstamp:timestamp!*",
    ),
    _salesforce("Campaign", "IsDeleted:boolean Name Type SystemModstamp:timestamp!*"),
    _salesforce(
        "CampaignMember",
        "IsDeleted:boolean LeadId:id ContactId:id CampaignId:id! Status CreatedDate:timestamp~"
        " FirstRespondedDate:date SystemModstamp:timestamp!*",
    ),
    _salesforce(
        "LeadStatus",
        "MasterLabel:text! ApiName IsConverted:boolean SortOrder:integer"
        " SystemModstamp:timestamp!*",
    ),
    _marketo(
        "leads",
        "id",
        "id:id!*@ email firstName lastName phone company leadSource leadStatus:text!"
        " leadScore:number leadRole sfdcLeadId:id sfdcContactId:id sfdcType"
        " createdAt:timestamp!*~ updatedAt:timestamp!*",
        "updatedAt",
    ),
    _marketo(
        "activities",
        "marketoGUID",
        "marketoGUID:id!* leadId:id!@ activityDate:timestamp!* activityTypeId:integer!"
        " campaignId:id primaryAttributeValueId:id primaryAttributeValue attributes:attributes!",
        "activityDate",
    ),
    _marketo("activity_types", "id", "id:id!* name:text! apiName", None, falls_back=True),
    _hubspot(
        "contacts",
        "email firstname lastname phone company lifecyclestage:text! hs_lead_status:text!"
        " hubspot_owner_id:id! hubspotscore:number hs_analytics_source createdate:timestamp!*~"
        " lastmodifieddate:timestamp hs_merged_object_ids:ids salesforceleadid:id"
        " salesforcecontactid:id",
    ),
    _hubspot_history("contact_property_history", "contactId"),
    _hubspot_engagement("calls", "hs_call_direction hs_call_disposition hs_call_status"),
    _hubspot_engagement("emails", "hs_email_direction hs_email_status"),
    _hubspot_engagement(
        "meetings", "hs_meeting_outcome hs_meeting_start_time:timestamp+ hs_meeting_title"
    ),
    _hubspot_engagement(
        "tasks",
        "hs_task_status:text! hs_task_type hs_task_subject hs_task_completion_date:timestamp",
    ),
    _hubspot(
        "deals",
        "dealname pipeline dealstage:text! amount:number deal_currency_code"
        " hs_is_closed:boolean! hs_is_closed_won:boolean! closedate:timestamp+"
        " createdate:timestamp!*~ hs_lastmodifieddate:timestamp hubspot_owner_id:id"
        " hs_created_by_user_id:id closed_lost_reason contact_ids:id_list!",
    ),
    _hubspot_history("deal_property_history", "dealId"),
    _hubspot("owners", "email firstName lastName userId:id type teams:list", is_looked_up=False),
    _generic(
        "leads",
        "lead_id",
        "lead_id:id!*@ created_at:timestamp!*~ email first_name last_name company lead_source"
        " score:number owner_id:id status:text! updated_at:timestamp!* is_deleted:boolean"
        " merged_into:id other_system other_system_id:id vertical firmographics decision_makers"
        " environment engagement business_issues decision_process budget competition urgency",
        "updated_at",
    ),
    _generic(
        "lead_events",
        "event_id",
        "event_id:id!* lead_id:id!@ field:text! old_value new_value:text! occurred_at:timestamp!*"
        " recorded_at:timestamp!* actor_id:id reason",
        "recorded_at",
        ("field", "old_value", "new_value"),
    ),
    _generic(
        "activities",
        "activity_id",
        "activity_id:id!* lead_id:id!@ user_id:id channel:text! status occurred_at:timestamp!"
        " recorded_at:timestamp!* subject",
        "recorded_at",
    ),
    _generic(
        "users",
        "user_id",
        "user_id:id!* name email is_active:boolean manager_id:id team role user_type",
        None,
    ),
    _generic(
        "opportunities",
        "opportunity_id",
        "opportunity_id:id!*@ lead_id:id!@ created_at:timestamp!*~ stage amount:number currency"
        " is_closed:boolean! is_won:boolean! closed_at:timestamp owner_id:id"
        " updated_at:timestamp!* created_by:id closed_by:id",
        "updated_at",
    ),
)

CATALOGUE: dict[str, dict[str, ObjectSpec]] = {}
"""Source name -> the source's own object name -> what it delivers."""
for _spec in _OBJECTS:
    CATALOGUE.setdefault(_spec.source, {})[_spec.name] = _spec


def objects_of(source: str) -> Iterable[ObjectSpec]:
    """The objects of a source, in the order in which they are landed."""
    return CATALOGUE[source].values()

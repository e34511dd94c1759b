"""Fixed lists: the columns of every delivered object, and the words the company uses."""

ATTRIBUTES: tuple[tuple[str, str, str], ...] = (
    ("Vertical__c", "vertical", "Vertical"),
    ("Firmographics__c", "firmographics", "Firmographics"),
    ("Decision_Makers__c", "decisionMakers", "Decision Makers"),
    ("Environment__c", "environment", "Environment"),
    ("Engagement__c", "engagement", "Engagement"),
    ("Business_Issues__c", "businessIssues", "Business Issues"),
    ("Decision_Process__c", "decisionProcess", "Decision Process"),
    ("Budget__c", "budget", "Budget"),
    ("Competition__c", "competition", "Competition"),
    ("Urgency__c", "urgency", "Urgency"),
)
"""The ten attributes: (Salesforce field, Marketo field, Marketo name in activities)."""

ATTRIBUTE_VALUES: tuple[tuple[str, ...], ...] = (
    ("NAICS 541511", "NAICS 334111", "NAICS 522110", "SIC 7372"),
    ("50-199 employees", "200-999 employees", "1000+ employees"),
    ("CFO and controller", "VP Operations", "Head of IT and CFO"),
    ("ERP in place", "Cloud warehouse", "On-premise CRM"),
    ("Executive on calls", "Director replied", "Workshop held"),
    ("Month-end close too slow", "Manual reporting", "Audit finding"),
    ("Committee, two steps", "CFO signs", "Tender"),
    ("Approved", "Process documented"),
    ("Two vendors named", "Incumbent known", "Build in house"),
    ("This quarter", "This half", "This year"),
)
"""Per attribute the values that meet it."""

UNMET_VALUES = ("", "", "", "", "No", "Unknown", "n/a", "None")
"""What stands in an attribute's field when the attribute is not met."""

ATTRIBUTE_FIELDS = tuple(fields[0] for fields in ATTRIBUTES)
MARKETO_ATTRIBUTE_FIELDS = tuple(fields[1] for fields in ATTRIBUTES)

COLUMNS: dict[tuple[str, str], tuple[str, ...]] = {
    ("salesforce", "Lead"): (
        "Id", "IsDeleted", "MasterRecordId", "FirstName", "LastName", "Email", "Phone", "Company",
        "LeadSource", "Status", "OwnerId", "IsConverted", "ConvertedDate", "ConvertedAccountId",
        "ConvertedContactId", "ConvertedOpportunityId", "CreatedDate", "CreatedById",
        "LastModifiedDate", "SystemModstamp", "Lead_Score__c", "Rejection_Reason__c",
        *ATTRIBUTE_FIELDS,
    ),
    ("salesforce", "LeadHistory"): (
        "Id", "IsDeleted", "LeadId", "CreatedById", "CreatedDate", "Field", "DataType",
        "OldValue", "NewValue",
    ),
    ("salesforce", "Task"): (
        "Id", "IsDeleted", "WhoId", "WhatId", "OwnerId", "Subject", "TaskSubtype", "Type",
        "Status", "IsClosed", "ActivityDate", "CompletedDateTime", "CreatedDate", "CreatedById",
        "SystemModstamp",
    ),
    ("salesforce", "Event"): (
        "Id", "IsDeleted", "WhoId", "WhatId", "OwnerId", "Subject", "Type", "StartDateTime",
        "EndDateTime", "CreatedDate", "CreatedById", "SystemModstamp",
    ),
    ("salesforce", "User"): (
        "Id", "Name", "Username", "Email", "IsActive", "UserType", "ManagerId", "Department",
        "Title", "ProfileId", "SystemModstamp", "CreatedDate",
    ),
    ("salesforce", "Group"): ("Id", "Name", "Type", "SystemModstamp"),
    ("salesforce", "Opportunity"): (
        "Id", "IsDeleted", "Name", "StageName", "Amount", "CurrencyIsoCode", "IsClosed", "IsWon",
        "CloseDate", "OwnerId", "CampaignId", "LeadSource", "CreatedDate", "CreatedById",
        "LastStageChangeDate", "SystemModstamp",
    ),
    ("salesforce", "OpportunityFieldHistory"): (
        "Id", "IsDeleted", "OpportunityId", "CreatedById", "CreatedDate", "Field", "OldValue",
        "NewValue",
    ),
    ("salesforce", "OpportunityContactRole"): (
        "Id", "IsDeleted", "OpportunityId", "ContactId", "Role", "IsPrimary", "CreatedDate",
        "SystemModstamp",
    ),
    ("salesforce", "Campaign"): ("Id", "IsDeleted", "Name", "Type", "SystemModstamp"),
    ("salesforce", "CampaignMember"): (
        "Id", "IsDeleted", "LeadId", "ContactId", "CampaignId", "Status", "CreatedDate",
        "FirstRespondedDate", "SystemModstamp",
    ),
    ("salesforce", "LeadStatus"): (
        "Id", "MasterLabel", "ApiName", "IsConverted", "SortOrder", "SystemModstamp",
    ),
    ("marketo", "leads"): (
        "id", "email", "firstName", "lastName", "phone", "company", "leadSource", "leadStatus",
        "leadScore", "leadRole", "sfdcLeadId", "sfdcContactId", "sfdcType", "createdAt",
        "updatedAt", "fitScore", "engagementScore", *MARKETO_ATTRIBUTE_FIELDS,
    ),
    ("marketo", "activities"): (
        "marketoGUID", "leadId", "activityDate", "activityTypeId", "campaignId",
        "primaryAttributeValueId", "primaryAttributeValue", "attributes",
    ),
    ("marketo", "activity_types"): ("id", "name", "apiName"),
}
"""The columns of each object, in the order in which they are written."""

ACTIVITY_TYPES = (
    (1, "Visit Webpage", "visitWebpage"),
    (2, "Fill Out Form", "fillOutForm"),
    (12, "New Lead", "newLead"),
    (13, "Change Data Value", "changeDataValue"),
    (19, "Sync Lead to SFDC", "syncLeadToSFDC"),
    (21, "Convert Lead", "convertLead"),
    (22, "Change Score", "changeScore"),
    (23, "Change Owner", "changeOwner"),
    (32, "Merge Leads", "mergeLeads"),
    (37, "Delete Lead", "deleteLead"),
    (46, "Interesting Moment", "interestingMoment"),
)

LEAD_SOURCES = (
    ("Webinar", 0.22), ("Content Download", 0.24), ("Paid Search", 0.16), ("Trade Show", 0.12),
    ("Organic Search", 0.14), ("Referral", 0.07), ("Partner", 0.05),
)
"""Lead source and its share."""

CAMPAIGN_TYPES = {
    "Webinar": "Webinar", "Content Download": "Content", "Paid Search": "Advertisement",
    "Trade Show": "Conference", "Organic Search": "Other", "Referral": "Referral Program",
    "Partner": "Partners",
}

LEAD_STATUSES = (
    "Open", "Marketing Qualified", "Accepted", "Working", "Converted", "Rejected", "Recycled",
    "Disqualified",
)

REASONS_WITHOUT_FOLLOW_UP = (
    "Wrong territory", "Wrong product line", "Existing customer", "Duplicate",
    "Bad contact data", "Student or job seeker", "Competitor", "Outside target market",
)
REASONS_AFTER_FOLLOW_UP = ("Not interested", "Unresponsive", "Chose a competitor", "No authority")
OVERQUALIFYING_REASONS = ("No budget", "No timeframe")
REASONS_NOT_LISTED = ("", "", "Other", "see notes", "-")

FIRST_NAMES = (
    "Aaron", "Bianca", "Cedric", "Dalia", "Edgar", "Fiona", "Goran", "Hanna", "Idris", "Joanna",
    "Karim", "Leila", "Mateo", "Noor", "Oscar", "Paula", "Quentin", "Renata", "Sofia", "Tariq",
    "Ursula", "Viktor", "Wanda", "Xavier", "Yasmin", "Zoltan", "Åsa", "Jürgen", "Chloé", "Íñigo",
)
LAST_NAMES = (
    "Adler", "Banerjee", "Castillo", "Duarte", "Eriksen", "Fontaine", "Gallagher", "Hoffmann",
    "Ibrahim", "Jansen", "Kowalski", "Lombardi", "Mbeki", "Novak", "O'Brien", "Pereira", "Quist",
    "Rossi", "Sato", "Takeda", "Ueda", "Vargas", "Weber", "Xu", "Yilmaz", "Zhang", "Müller",
    "Nguyễn",
)
COMPANY_HEADS = (
    "Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbor", "Indigo",
    "Juniper", "Keystone", "Lumen", "Meridian", "Northwind", "Orchard", "Pioneer", "Quarry",
    "Ridge", "Summit", "Tundra",
)
COMPANY_TAILS = (
    "Analytics, Inc.", "Foods", "Freight", "Health", "Industries", "Insurance", "Labs",
    "Logistics", "Manufacturing", "Media", "Partners", "Retail", "Systems", "Utilities",
)

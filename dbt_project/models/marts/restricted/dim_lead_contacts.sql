select
    contacts.lead_id,
    contacts.source_system,
    contacts.source_id,
    contacts.first_name,
    contacts.last_name,
    contacts.email,
    contacts.phone,
    run.as_of as run_as_of
from {{ ref('int_leads__all_contacts') }} as contacts
cross join {{ source('build', 'build_context') }} as run

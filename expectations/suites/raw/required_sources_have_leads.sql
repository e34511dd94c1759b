{% import "shared/night.sql" as shared %}
-- Every fact hangs on a lead. All three tables exist from the beginning, in use or not.
with
required as (
    {{ shared.required_sources() }}
),

with_leads as (
    select 'salesforce' as source
    where exists (select from raw_salesforce.lead where _first_night <= {{ shared.night() }})
    union all
    select 'marketo'
    where exists (select from raw_marketo.leads where _first_night <= {{ shared.night() }})
    union all
    select 'generic'
    where exists (select from raw_generic.leads where _first_night <= {{ shared.night() }})
)

select required.source
from required
left join with_leads on with_leads.source = required.source
where with_leads.source is null

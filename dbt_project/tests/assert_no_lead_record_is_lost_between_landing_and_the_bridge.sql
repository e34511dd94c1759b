-- Counted anew from what landed, past all models in between: each lead record that this night may
-- see stands in the bridge once, and the bridge holds nothing that never landed.
with landed as (

    {% for source_system, table_name in [
        ('salesforce', 'lead'), ('marketo', 'leads'), ('hubspot', 'contacts'), ('generic', 'leads')
    ] %}
    {% if not loop.first %}union{% endif %}
    select
        '{{ source_system }}' as source_system,
        rows.id as source_id
    from (
        select distinct
            {{ salesforce_id('landed._key') if source_system == 'salesforce' else 'landed._key' }}
                as id
        {{ visible_rows('raw_' ~ source_system, table_name) }}
    ) as rows
    {% endfor %}

)

select
    coalesce(landed.source_system, bridge.source_system) as source_system,
    coalesce(landed.source_id, bridge.source_id) as source_id
from landed
full outer join {{ ref('bridge_lead_ids') }} as bridge
    on
        landed.source_system = bridge.source_system
        and landed.source_id = bridge.source_id
where landed.source_id is null or bridge.source_id is null

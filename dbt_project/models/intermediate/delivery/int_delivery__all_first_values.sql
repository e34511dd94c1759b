{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id']}, {'columns': ['kind', 'first_at']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with roles as (

    select distinct
        source_system,
        history_name,
        landed_column,
        case role when 'owner' then 'owners' when 'score' then 'scores' else 'reasons' end as kind
    from {{ ref('stg_agreement__fields') }}
    where role in ('owner', 'score', 'reason') and {{ is_lead_object('object_name') }}

),

attributes as (

    select distinct source_system, history_name, landed_column, 'attributes' as kind
    from {{ ref('stg_agreement__attributes') }}
    where {{ is_lead_object('object_name') }}

),

sales_systems as (

    select source_system from {{ ref('stg_agreement__sources') }}
    where role in ('sfa', 'both')

),

-- The owner is the system of sales' owner.
fields as (

    select * from roles
    where
        kind <> 'owners'
        or source_system in (select sales_systems.source_system from sales_systems)

    union all

    select * from attributes

),

told_by_versions as (

    select
        versions.lead_id,
        versions.source_system,
        fields.kind,
        {{ json_text('versions.record', 'fields.landed_column') }} as value,
        versions.version_stamp as told_at
    from {{ ref('int_fields__lead_versions') }} as versions
    inner join fields on versions.source_system = fields.source_system

),

changes as (

    select
        changes.lead_id, changes.source_system, fields.kind, changes.old_value, changes.new_value,
        changes.occurred_at
    from {{ ref('int_events__ordered_changes') }} as changes
    inner join fields
        on
            changes.source_system = fields.source_system
            and changes.field_name = fields.history_name
    where changes.is_survivor and not changes.is_stage_field

),

told as (

    select lead_id, source_system, kind, value, told_at from told_by_versions

    union all

    select lead_id, source_system, kind, old_value, occurred_at from changes

    union all

    select lead_id, source_system, kind, new_value, occurred_at from changes

    union all

    -- A source without a field for it tells the reason on the exit itself; a machine's is nobody's.
    select lead_id, source_system, 'reasons', reason, occurred_at
    from {{ ref('int_events__classified') }}
    where
        stage in {{ declining_stages() }}
        and is_authority
        and actor_type <> 'automation'
        and source_system not in (
            select roles.source_system from roles
            where roles.kind = 'reasons'
        )

),

final as (

    select lead_id, source_system, kind, min(told_at) as first_at
    from told
    where
        trim(value) <> ''
        and (kind <> 'scores' or {{ matches('trim(value)', '^[+-]?[0-9]+([.][0-9]+)?$') }})
    group by lead_id, source_system, kind

)

select * from final

{{ config(indexes=[{'columns': ['lead_id', 'from_at']}]) }}

with spans as (

    select * from {{ ref('int_fields__spans') }}

),

owner_fields as (

    select distinct source_system, history_name from {{ ref('stg_agreement__fields') }}
    where role = 'owner'

),

sources as (

    select source_system, role from {{ ref('stg_agreement__sources') }}
    where role in ('sfa', 'both')

),

ranked as (

    -- The owner is the SFA system's; a lead known to two of them is read from the dedicated one.
    select
        spans.lead_id,
        spans.source_system,
        nullif({{ salesforce_id('spans.value') }}, '') as owner_id,
        spans.from_at,
        spans.to_at,
        spans.set_at,
        spans.position,
        dense_rank() over (
            partition by spans.lead_id
            order by case sources.role when 'sfa' then 0 else 1 end, spans.source_system
        ) as source_rank
    from spans
    inner join owner_fields
        on
            spans.source_system = owner_fields.source_system
            and spans.history_name = owner_fields.history_name
    inner join sources on spans.source_system = sources.source_system

),

steps as (

    select
        ranked.*,
        (
            position = min(position) over (partition by lead_id)
            or owner_id is distinct from lag(owner_id) over (partition by lead_id order by position)
        ) as is_step
    from ranked
    where source_rank = 1

),

final as (

    select
        lead_id,
        source_system,
        owner_id,
        lag(owner_id) over (partition by lead_id order by position) as previous_owner_id,
        from_at,
        coalesce(
            lead(from_at) over (partition by lead_id order by position), {{ end_of_time() }}
        ) as to_at,
        set_at as given_at,
        row_number() over (partition by lead_id order by position) as span_number
    from steps
    where is_step

)

select * from final

{{ config(materialized='view') }}

with offers as (

    select handoff_id, offered_at, offered_earliest_at, offered_latest_at, judged_version
    from {{ ref('int_handoffs__offers') }}

),

owners as (

    select handoff_id, calendar, owner_id, owner_source_system
    from {{ ref('int_handoffs__owners') }}

),

qualified as (

    select handoff_id, tier from {{ ref('int_handoffs__qualified') }}

),

terms as (

    select agreement_version, tier, due_in, due_unit from {{ ref('stg_agreement__sla_terms') }}
    where clause = 'response'

),

versions as (

    select agreement_version, clock_restarts_on_transfer from {{ ref('int_agreement__versions') }}

),

final as (

    select
        offers.handoff_id,
        offers.offered_at,
        offers.offered_earliest_at,
        offers.offered_latest_at,
        offers.judged_version,
        owners.calendar,
        owners.owner_id,
        owners.owner_source_system,
        terms.due_in,
        terms.due_unit,
        versions.clock_restarts_on_transfer
    from offers
    inner join owners on offers.handoff_id = owners.handoff_id
    inner join qualified on offers.handoff_id = qualified.handoff_id
    inner join versions on offers.judged_version = versions.agreement_version
    inner join terms
        on offers.judged_version = terms.agreement_version and qualified.tier = terms.tier

)

select * from final

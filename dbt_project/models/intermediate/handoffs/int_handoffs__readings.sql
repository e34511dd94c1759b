{{ config(indexes=[{'columns': ['handoff_id']}, {'columns': ['lead_id']}]) }}

with offers as (

    select * from {{ ref('int_handoffs__offers') }}

),

offered_on_a_day as (

    select * from offers
    where not has_time_of_day

),

changes as (

    select lead_id, from_at as changed_at from {{ ref('int_fields__change_spans') }}

    union

    select lead_id, known_from from {{ ref('int_fields__lead_versions') }}

),

moments as (

    -- Of an offer without a time of day score and attributes are read at the end of its day.
    select
        handoff_id,
        case when has_time_of_day then offered_at else offered_latest_at end as read_at,
        true as is_last
    from offers

    union all

    select handoff_id, {{ to_second('offered_earliest_at') }}, false from offered_on_a_day

    union all

    -- At each change on that day the lead may have been handed over as it then was.
    select offered_on_a_day.handoff_id, changes.changed_at, false
    from offered_on_a_day
    inner join changes
        on
            offered_on_a_day.lead_id = changes.lead_id
            and changes.changed_at > {{ to_second('offered_on_a_day.offered_earliest_at') }}
            and changes.changed_at <= offered_on_a_day.offered_latest_at

),

final as (

    select
        moments.handoff_id,
        offers.lead_id,
        offers.judged_version,
        moments.read_at,
        moments.is_last,
        row_number() over (
            partition by moments.handoff_id order by moments.is_last, moments.read_at
        ) as reading
    from moments
    inner join offers on moments.handoff_id = offers.handoff_id

)

select * from final

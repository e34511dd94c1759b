{{ config(materialized='view') }}

with limits as (

    select * from {{ ref('int_integrity__acceptance_limits') }}

),

recent as (

    select limits.subject_type, limits.minimum_handoffs, handoffs.*
    from {{ ref('int_integrity__rep_handoffs') }} as handoffs
    inner join limits on handoffs.offered_at >= limits.from_at

),

everybody as (

    select subject_type, {{ acceptance_counts('all_') }}
    from recent
    group by subject_type

),

by_rep as (

    select
        rep_id,
        {{ acceptance_counts('') }},
        max(offered_at) as last_offered_at,
        min(minimum_handoffs) as minimum_handoffs
    from recent
    where subject_type = 'rep'
    group by rep_id

),

by_pair as (

    select
        bdr_id,
        rep_id,
        {{ acceptance_counts('') }},
        max(offered_at) as last_offered_at,
        min(minimum_handoffs) as minimum_handoffs
    from recent
    where subject_type = 'pair' and bdr_id <> rep_id
    group by bdr_id, rep_id

),

own as (

    select rep_id, count(*) as own_handoffs, count(*) filter (where is_accepted) as own_accepted
    from recent
    where subject_type = 'pair'
    group by rep_id

),

subjects as (

    select
        'rep' as subject_type,
        by_rep.rep_id as subject_id,
        cast(null as {{ type_text() }}) as bdr_id,
        by_rep.*,
        cast(null as bigint) as own_handoffs,
        cast(null as bigint) as own_accepted
    from by_rep

    union all

    select
        'pair',
        by_pair.bdr_id || '|' || by_pair.rep_id,
        by_pair.*,
        -- A pair is set against its rep's other handoffs where there are enough of them.
        case
            when own.own_handoffs - by_pair.handoffs >= by_pair.minimum_handoffs
                then own.own_handoffs
        end,
        case
            when own.own_handoffs - by_pair.handoffs >= by_pair.minimum_handoffs
                then own.own_accepted
        end
    from by_pair
    inner join own on by_pair.rep_id = own.rep_id

),

final as (

    select
        subjects.*,
        everybody.all_handoffs,
        everybody.all_accepted,
        everybody.all_progress_due,
        everybody.all_progressed,
        everybody.all_decided
    from subjects
    inner join everybody on subjects.subject_type = everybody.subject_type
    where subjects.handoffs >= subjects.minimum_handoffs

)

select * from final

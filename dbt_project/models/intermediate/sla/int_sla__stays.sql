{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with moves as (

    select * from {{ ref('int_handoffs__moves') }}
    where to_stage in ('sal', 'sql')

),

terms as (

    select handoff_id, due_in from {{ ref('int_sla__terms') }}
    where clause = 'no_stall'

),

stays as (

    select
        moves.handoff_id,
        moves.transition_number,
        moves.entered_at as started_at,
        moves.earliest_at as started_earliest_at,
        moves.latest_at as started_latest_at,
        {{ add_days('moves.latest_at', 'terms.due_in') }} as due_at,
        {{ add_days('moves.earliest_at', 'terms.due_in') }} as due_earliest_at,
        moves.exited_at,
        moves.exited_earliest_at,
        moves.exited_latest_at
    from moves
    inner join terms on moves.handoff_id = terms.handoff_id

),

ranked as (

    select
        stays.*,
        case
            when exited_earliest_at > due_at then 0
            when exited_at is null then 1
            when exited_latest_at > due_earliest_at then 2
            else 3
        end as preference
    from stays

),

-- One row a handoff: the first stay that outlasted its time, else the one still running, else the
-- first of which nobody can tell, else the last.
telling as (

    {{ first_per('ranked', ['handoff_id'], [
        'preference',
        'case when preference in (0, 2) then transition_number else -transition_number end',
    ]) }}

),

final as (

    select
        handoff_id,
        started_at,
        started_earliest_at,
        started_latest_at,
        due_at,
        due_earliest_at,
        exited_at,
        exited_earliest_at,
        exited_latest_at
    from telling

)

select * from final

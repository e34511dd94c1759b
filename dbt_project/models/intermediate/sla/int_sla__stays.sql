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
        {{ add_days('moves.entered_at', 'terms.due_in') }} as due_at,
        moves.exited_at
    from moves
    inner join terms on moves.handoff_id = terms.handoff_id

),

-- One row a handoff: the first stay that outlasted its time, else the one still running, else the
-- last.
telling as (

    {{ first_per('stays', ['handoff_id'], [
        'case when exited_at > due_at then 0 when exited_at is null then 1 else 2 end',
        'case when exited_at > due_at then transition_number else -transition_number end',
    ]) }}

),

final as (

    select
        handoff_id,
        started_at,
        due_at,
        exited_at
    from telling

)

select * from final

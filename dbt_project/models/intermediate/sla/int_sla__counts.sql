{{ config(indexes=[{'columns': ['handoff_id', 'clause'], 'unique': true}]) }}

with starts as (

    select * from {{ ref('int_sla__starts') }}
    where clause in ('follow_up', 'follow_up_before_rejection', 'definition')

),

touches as (

    select * from {{ ref('int_handoffs__touch_progress') }}

),

progress as (

    select * from {{ ref('int_handoffs__progress') }}

),

rejections as (

    select * from {{ ref('int_handoffs__rejections') }}

),

qualified as (

    select * from {{ ref('int_handoffs__qualified') }}

),

offers as (

    select handoff_id, offered_at from {{ ref('int_handoffs__offers') }}

),

versions as (

    select agreement_version, minimum_attributes from {{ ref('int_agreement__versions') }}

),

due as (

    select
        starts.*,
        rejections.rejection_at,
        rejections.rejection_second,
        rejections.rejection_actor_type,
        rejections.needs_follow_up,
        case starts.clause
            when 'definition' then starts.started_at
            when 'follow_up_before_rejection' then rejections.rejection_at
            else {{ due_at(
                'starts.judged_version', 'starts.calendar', 'starts.started_at',
                'starts.due_in', 'starts.due_unit'
            ) }}
        end as due_at
    from starts
    left join rejections on starts.handoff_id = rejections.handoff_id

),

reached as (

    select
        due.handoff_id,
        due.clause,
        min(touches.occurred_at) filter (
            where
            touches.touch_number >= due.touches
            and touches.channels_so_far
            >= case due.clause when 'follow_up' then coalesce(due.channels, 0) else 0 end
        ) as reached_at,
        count(*) filter (
            where
            case due.clause
                when
                    'follow_up_before_rejection'
                    then touches.occurred_second <= due.rejection_second
                else touches.occurred_at <= due.due_at
            end
        ) as touches_made
    from due
    inner join touches on due.handoff_id = touches.handoff_id
    where due.clause <> 'definition'
    group by due.handoff_id, due.clause

),

final as (

    select
        due.handoff_id,
        due.clause,
        case
            when
                due.clause <> 'follow_up_before_rejection' or due.rejection_at is not null
                then due.started_at
        end as started_at,
        due.due_at,
        case due.clause
            when 'definition' then case when qualified.met_definition then due.started_at end
            when 'follow_up'
                then
                    case
                        when due.started_at is null then null
                        when
                            coalesce(due.touches, 0) = 0 and coalesce(due.channels, 0) = 0
                            then offers.offered_at
                        else least(reached.reached_at, progress.human_sql_at)
                    end
            when 'follow_up_before_rejection' then
                case
                    when
                        due.rejection_actor_type = 'automation' or not due.needs_follow_up
                        then null
                    when coalesce(due.touches, 0) = 0 then due.started_at
                    when
                        reached.touches_made >= due.touches
                        then least(reached.reached_at, due.rejection_at)
                end
        end as met_at,
        case due.clause
            when 'definition' then coalesce(versions.minimum_attributes, 0) else due.touches
        end as required,
        case due.clause
            when 'definition' then qualified.attributes_met
            else coalesce(reached.touches_made, 0)
        end as counted,
        -- What ended a clause without judging it.
        case due.clause
            when 'follow_up_before_rejection'
                then
                    due.rejection_at is null
                    or due.rejection_actor_type = 'automation'
                    or not due.needs_follow_up
            when 'follow_up'
                then
                    coalesce(
                        progress.sent_back_at < due.due_at
                        and due.rejection_actor_type <> 'automation'
                        and not due.needs_follow_up,
                        false
                    )
            else false
        end as is_void
    from due
    inner join qualified on due.handoff_id = qualified.handoff_id
    inner join progress on due.handoff_id = progress.handoff_id
    inner join offers on due.handoff_id = offers.handoff_id
    inner join versions on due.judged_version = versions.agreement_version
    left join reached on due.handoff_id = reached.handoff_id and due.clause = reached.clause

)

select * from final

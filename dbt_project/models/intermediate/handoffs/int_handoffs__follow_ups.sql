{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

versions as (

    select agreement_version, time_zone from {{ ref('int_agreement__versions') }}

),

terms as (

    select agreement_version, tier, touches, channels from {{ ref('stg_agreement__sla_terms') }}
    where clause = 'follow_up'

),

reasons as (

    select agreement_version, reason, needs_follow_up
    from {{ ref('stg_agreement__rejection_reasons') }}

),

running as (

    select handoff_id from {{ ref('int_sla__judged') }}
    where clause = 'follow_up' and status = 'pending'

),

exits as (

    -- "The rejection" is the rejection before acceptance, else the sending back after it; a reason
    -- that is missing or not listed needs follow-up first.
    select
        handoffs.*,
        case
            when handoffs.rejected_at is not null then handoffs.rejected_by_type
            when handoffs.sent_back_at is not null then handoffs.sent_back_by_type
        end as exit_type,
        coalesce(reasons.needs_follow_up, true) as needs_follow_up
    from handoffs
    left join reasons
        on
            handoffs.judged_version = reasons.agreement_version
            and handoffs.rejection_reason = reasons.reason

),

final as (

    select
        exits.handoff_id,
        {{ local_month('exits.offered_at', 'versions.time_zone') }} as month,
        coalesce(exits.owner_id_at_offer, 'nobody') as owner_id,
        coalesce(exits.team_at_offer, 'none') as team,
        coalesce(exits.tier, 'none') as tier,
        exits.outcome = 'pending' or running.handoff_id is not null as is_running,
        -- Nothing is owed on what a machine refused, or for a reason that needs no follow-up.
        terms.tier is not null
        and (
            exits.outcome = 'accepted'
            or (exits.outcome = 'rejected' and exits.exit_type <> 'automation')
        )
        and (exits.needs_follow_up or coalesce(exits.exit_type, 'automation') = 'automation')
            as is_owed,
        coalesce(exits.exit_type <> 'automation' and exits.needs_follow_up, false) as is_dropped,
        terms.touches as touches_needed,
        terms.channels as channels_needed,
        exits.touches,
        exits.channels,
        exits.touches_before_rejection,
        exits.channels_before_rejection,
        coalesce(exits.sql_actor_type = 'human', false) as is_sql_by_person
    from exits
    inner join versions on exits.judged_version = versions.agreement_version
    left join running on exits.handoff_id = running.handoff_id
    left join terms
        on exits.agreement_version = terms.agreement_version and exits.tier = terms.tier

)

select * from final

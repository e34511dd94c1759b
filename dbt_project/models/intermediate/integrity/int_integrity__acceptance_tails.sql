{{ config(materialized='view') }}

with limits as (

    select subject_type, acceptance_rate, progress_share, significance
    from {{ ref('int_integrity__acceptance_limits') }}

),

limited as (

    select groups.*, limits.acceptance_rate, limits.progress_share, limits.significance
    from {{ ref('int_integrity__acceptance_groups') }} as groups
    inner join limits on groups.subject_type = limits.subject_type

),

above_the_rest as (

    {{ hypergeometric_tail(
        'limited', 'subject_id', 'at least', 'accepted', 'handoffs', 'all_accepted', 'all_handoffs'
    ) }}

),

above_ones_own as (

    {{ hypergeometric_tail(
        'limited', 'subject_id', 'at least', 'accepted', 'handoffs', 'own_accepted', 'own_handoffs'
    ) }}

),

below_near_total as (

    {{ binomial_tail(
        'limited', 'subject_id', 'at most', 'accepted', 'handoffs', 'acceptance_rate'
    ) }}

),

progressing_less as (

    {{ hypergeometric_tail(
        'limited', 'subject_id', 'at most', 'progressed', 'progress_due', 'all_progressed',
        'all_progress_due'
    ) }}

),

deciding_less as (

    {{ hypergeometric_tail(
        'limited', 'subject_id', 'at most', 'decided', 'progress_due', 'all_decided',
        'all_progress_due'
    ) }}

),

final as (

    select
        limited.*,
        above_the_rest.p_value as p_accepted,
        above_ones_own.p_value as p_accepted_own,
        progressing_less.p_value as p_progressed,
        deciding_less.p_value as p_decided,
        below_near_total.p_value as p_near_total,
        {{ is_part_of_the_rest('progressed', 'progress_due', 'progress_share') }}
            as is_progress_low,
        {{ is_part_of_the_rest('decided', 'progress_due', 'progress_share') }} as is_decided_low
    from limited
    inner join above_the_rest on limited.subject_id = above_the_rest.subject_id
    inner join below_near_total on limited.subject_id = below_near_total.subject_id
    inner join progressing_less on limited.subject_id = progressing_less.subject_id
    inner join deciding_less on limited.subject_id = deciding_less.subject_id
    left join above_ones_own on limited.subject_id = above_ones_own.subject_id

)

select * from final

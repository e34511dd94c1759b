with versions as (

    select * from {{ ref('stg_agreement__versions') }}

),

dated as (

    select
        versions.*,
        {{ midnight('valid_from', 'time_zone') }} as valid_from_at,
        lead({{ midnight('valid_from', 'time_zone') }}) over (order by valid_from)
            as valid_to_at,
        row_number() over (order by valid_from) = 1 as is_first
    from versions

),

final as (

    select
        agreement_version,
        valid_from,
        valid_from_at,
        valid_to_at,
        is_first,
        -- The first version serves for anything earlier; what it judges is told apart by
        -- valid_from_at.
        case when is_first then {{ beginning_of_time() }} else valid_from_at end as in_force_from,
        coalesce(valid_to_at, {{ end_of_time() }}) as in_force_to,
        time_zone,
        default_calendar,
        handoff_stage,
        uses_tql,
        -- A blank or a 0 is no minimum.
        nullif(minimum_score, 0) as minimum_score,
        nullif(minimum_attributes, 0) as minimum_attributes,
        routing_grace_minutes,
        clock_restarts_on_transfer,
        warning_hours,
        marketing_signed_by,
        marketing_signed_on,
        sales_signed_by,
        sales_signed_on,
        executive_signed_by,
        executive_signed_on,
        executive_signature_required,
        note,
        scoring_rule_version
    from dated

)

select * from final

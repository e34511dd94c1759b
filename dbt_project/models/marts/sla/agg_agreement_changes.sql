with windows as (

    select * from {{ ref('int_trends__change_windows') }}

),

counts as (

    select * from {{ ref('int_trends__change_counts') }}

),

measures as (

    select
        measure,
        case when measure = 'median_response_hours' then 'hours' else 'share' end as unit
    from (
        values
        ('acceptance_rate'), ('response_compliance'), ('definition_met_share'), ('sql_rate'),
        ('won_rate'), ('median_response_hours')
    ) as listed (measure)

),

paired as (

    select
        windows.*,
        measures.measure,
        measures.unit,
        {% for side in ['before', 'after'] %}
        case when unit = 'share' then coalesce({{ side }}.successes, 0) end
            as {{ side }}_successes,
        coalesce({{ side }}.total, 0) as {{ side }}_handoffs,
        {{ side }}.hours as {{ side }}_hours,
        cast({{ side }}.successes as double precision) / nullif({{ side }}.total, 0)
            as {{ side }}_share,
        {{ wilson_bound(side ~ '.successes', side ~ '.total', 'low') }} as {{ side }}_share_low,
        {{ wilson_bound(side ~ '.successes', side ~ '.total', 'high') }} as {{ side }}_share_high,
        {% endfor %}
        coalesce(before.pending, 0) + coalesce(after.pending, 0) as pending
    from windows
    cross join measures
    left join counts as before
        on
            windows.agreement_version = before.agreement_version
            and measures.measure = before.measure
            and before.side = 'before'
    left join counts as after
        on
            windows.agreement_version = after.agreement_version
            and measures.measure = after.measure
            and after.side = 'after'

),

final as (

    select
        agreement_version,
        previous_version,
        valid_from_at as valid_from,
        measure,
        unit,
        window_days,
        before_from_at,
        after_to_at,
        {% for side in ['before', 'after'] %}
        {{ side }}_successes,
        {{ side }}_handoffs,
        coalesce({{ side }}_hours, {{ six_decimals(side ~ '_share') }}) as {{ side }}_value,
        {{ six_decimals(side ~ '_share_low') }} as {{ side }}_low,
        {{ six_decimals(side ~ '_share_high') }} as {{ side }}_high,
        {% endfor %}
        coalesce(
            after_hours - before_hours, {{ six_decimals('after_share - before_share') }}
        ) as difference,
        {% for side in ['low', 'high'] %}
        {{ six_decimals(newcombe_bound(
            'after_share', 'after_share_low', 'after_share_high',
            'before_share', 'before_share_low', 'before_share_high', side
        )) }} as difference_{{ side }},
        {% endfor %}
        is_full and pending = 0 as is_mature,
        run_as_of
    from paired

)

select * from final

{% import "shared/night.sql" as shared %}
-- Against what readers see now, if that is of an earlier or the same instant and was judged by the
-- same agreement.
with
published as (
    select as_of, agreement_hash
    from ops.generations
    order by generation desc
    limit 1
),

comparable as (
    select exists (
        select
        from published
        inner join ops.slots as building on building.slot = current_setting('judging.slot')
        where published.as_of <= {{ shared.as_of() }}
            and coalesce(building.attempt_agreement_hash, building.agreement_hash)
            is not distinct from published.agreement_hash
    ) as is_so
),

counted as (
    select null as mart, null::bigint as rows, null::bigint as rows_published
    {% for name in ["bridge_lead_ids", "fct_stage_events", "fct_stage_transitions", "fct_handoffs", "fct_touches"] %}
    {% if name in published %}
    union all
    select
        {{ published[name].name }},
        (select count(*) from {{ name }}),
        (select count(*) from {{ published[name].relation }})
    {% endif %}
    {% endfor %}
)

select counted.mart, counted.rows, counted.rows_published
from counted
cross join comparable
where comparable.is_so
    and counted.rows_published >= {{ shared.limit("shrink_floor") }}
    and counted.rows < counted.rows_published * {{ shared.limit("shrink_share") }}

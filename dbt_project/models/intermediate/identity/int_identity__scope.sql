{{ config(indexes=[{'columns': ['node']}]) }}

with recursive changed as (

    select source_system || '|' || record_id as node from {{ ref('int_identity__changed_records') }}

),

links as (

    select node, other_node from {{ ref('int_identity__links') }}

),

known_before as (

    {{ previous_rows('int_identity__all_lead_ids', ['source_system', 'record_id', 'lead_id']) }}

),

run as (

    select is_full from {{ source('build', 'build_context') }}

),

claims as (

    -- On a full build everybody is looked at anyway.
    select claims.* from {{ ref('int_identity__claims') }} as claims
    cross join run
    where not run.is_full

),

neighbours as (

    -- Linked now, or one lead before: a link that was taken back separates what it had joined.
    select node, other_node from links

    union all

    select
        one.source_system || '|' || one.record_id as node,
        other.source_system || '|' || other.record_id as other_node
    from known_before as one
    inner join known_before as other on one.lead_id = other.lead_id
    where one.record_id <> other.record_id or one.source_system <> other.source_system

    union all

    select one.node, other.node as other_node
    from claims as one
    inner join claims as other on one.claim = other.claim and one.node <> other.node

),

reached (node) as (

    select node from changed

    union

    select neighbours.other_node
    from reached
    inner join neighbours on reached.node = neighbours.node

),

final as (

    select
        reached.node,
        known_before.lead_id as previous_lead_id
    from reached
    left join known_before
        on reached.node = known_before.source_system || '|' || known_before.record_id

)

select * from final

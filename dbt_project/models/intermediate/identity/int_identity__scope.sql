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
    -- What they share is a node between them, so that the many records of one lead make no pairs.
    select node, other_node from links

    union all

    select source_system || '|' || record_id as node, '|lead|' || lead_id as other_node
    from known_before

    union all

    select '|lead|' || lead_id, source_system || '|' || record_id from known_before

    union all

    select node, '|claim|' || claim from claims

    union all

    select '|claim|' || claim, node from claims

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
    where left(reached.node, 1) <> '|'

)

select * from final

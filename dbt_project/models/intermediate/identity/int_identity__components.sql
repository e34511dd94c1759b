{{ config(indexes=[{'columns': ['node']}]) }}

with recursive scope as (

    select distinct node from {{ ref('int_identity__scope') }}

),

links as (

    select links.node, links.other_node
    from {{ ref('int_identity__links') }} as links
    inner join scope on links.node = scope.node

),

reached (node, member) as (

    select node, node from scope

    union

    select reached.node, links.other_node
    from reached
    inner join links on reached.member = links.node

),

final as (

    select
        node,
        min({{ bytewise('member') }}) as component
    from reached
    group by node

)

select * from final

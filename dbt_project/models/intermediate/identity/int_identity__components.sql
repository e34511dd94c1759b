{{ config(indexes=[{'columns': ['node']}]) }}

with scope as (

    select distinct node from {{ ref('int_identity__scope') }}

),

links as (

    select links.node, links.other_node
    from {{ ref('int_identity__links') }} as links
    inner join scope on links.node = scope.node

),

nodes as (

    select node from scope
    union
    select other_node from links

),

numbered as (

    select
        node,
        cast(row_number() over (order by {{ bytewise('node') }}) as integer) as number
    from nodes

),

numbered_links as (

    select one.number, other.number as other_number
    from links
    inner join numbered as one on links.node = one.node
    inner join numbered as other on links.other_node = other.node

),

sizes as (

    select cast(count(*) as integer) as size from numbered

),

joined as (

    select
        {{ components_of('sizes.size', 'numbered_links.number', 'numbered_links.other_number') }}
            as components
    from sizes
    left join numbered_links on true
    group by sizes.size

),

final as (

    -- A component is called by its smallest member.
    select
        numbered.node,
        first_members.node as component
    from joined
    cross join {{ each_element('joined.components') }} as placed (first_number, number)
    inner join numbered on placed.number = numbered.number
    inner join numbered as first_members on placed.first_number = first_members.number
    inner join scope on numbered.node = scope.node

)

select * from final

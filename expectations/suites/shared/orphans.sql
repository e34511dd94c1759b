select child.{{ key }}, child.{{ column }}
from {{ child }} as child
left join {{ parent }} as parent on parent.{{ parent_column }} = child.{{ column }}
where child.{{ column }} is not null and parent.{{ parent_column }} is null

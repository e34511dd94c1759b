select {{ columns | join(", ") }}, count(*) as rows
from {{ table }}
group by {{ columns | join(", ") }}
having count(*) > 1

{#
    How many handoffs of int_marketing__handoffs became what, for a query that groups them: of which
    kind the answer was, by whom, for which family of reasons, and what followed.
#}
{% macro handoff_counts() -%}
    count(*) filter (where is_rated) as due,
    count(*) filter (where is_rated_acceptance) as due_accepted_by_person,
    count(*) filter (where outcome = 'accepted') as accepted,
    count(*) filter (where outcome = 'accepted' and accepted_by_type = 'human')
        as accepted_by_person,
    count(*) filter (where outcome = 'accepted' and accepted_by_type = 'automation')
        as accepted_by_machine,
    count(*) filter (where outcome = 'rejected') as rejected,
    count(*) filter (where rejected_as = 'procedural') as rejected_procedural,
    count(*) filter (where rejected_as = 'clerical') as rejected_clerical,
    count(*) filter (where rejected_as = 'definitional') as rejected_definitional,
    count(*) filter (where rejected_as = 'other') as rejected_other,
    count(*) filter (where rejected_as = 'machine') as rejected_by_machine,
    count(*) filter (where is_sent_back) as sent_back,
    count(*) filter (where outcome = 'ignored') as ignored,
    count(*) filter (where outcome = 'pending') as pending,
    count(*) filter (where is_sql) as sqls,
    count(*) filter (where is_sql_by_person) as sqls_by_person,
    count(*) filter (where is_won) as won
{%- endmacro %}

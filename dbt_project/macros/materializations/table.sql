{#
    Tables of a slot that is brought forward are filled anew and not made anew: the views on them and
    their indexes stay, so a night builds no view. That is safe because a slot whose models have changed
    is emptied first, and because nobody reads a slot while it is being built.
#}
{% materialization table, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_refilled = existing is not none and existing.is_table and not should_full_refresh() -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if is_refilled %}
        {% call statement('main') -%}
            truncate {{ target_relation }};
            insert into {{ target_relation }}
            {{ sql }}
        {%- endcall %}
    {% else %}
        {{ drop_relation_if_exists(existing) }}
        {% call statement('main') -%}
            {{ get_create_table_as_sql(False, target_relation, sql) }}
        {%- endcall %}
        {% do create_indexes(target_relation) %}
    {% endif %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% if not is_refilled %}{% do persist_docs(target_relation, model) %}{% endif %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{#- In Snowflake models go to `MARTS`, which the setup made and the reader's role sees; elsewhere beside whatever else is in the
    file, `<schema>_marts`, never into a schema of the binary's. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if custom_schema_name is none -%}
        {{ target.schema }}
    {%- elif target.type == 'snowflake' -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}

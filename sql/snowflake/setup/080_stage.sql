-- stage: the lake's prefix; the trailing slash keeps `spotify-data-old/` out.
-- audience: owner · needs: create stage on the schema, usage on the integration
create stage if not exists {database}.{schema}.{stage}
    url = {lake_url}
    storage_integration = {integration};
grant usage on stage {database}.{schema}.{stage} to role {role};

-- integration: lets Snowflake read the lake's prefix. Never replaced: a new one has another external id, and every
-- stage on the old one breaks (003139).
-- audience: admin · needs: create integration
create storage integration if not exists {integration}
    type = external_stage
    storage_provider = 'S3'
    enabled = true
    storage_aws_role_arn = {aws_role_arn}
    storage_allowed_locations = ({lake_url});
grant usage on integration {integration} to role {role};

# Made by `make generate` from dbt/models/semantic: change it there.
project_name: "snowtrack"

# The one place of the marts, database and schema.
constant: marts {
  value: "SPOTIFY.MARTS"
  export: override_optional
}

constant: connection {
  value: "snowflake"
  export: override_optional
}

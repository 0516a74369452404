-- user: a service user with a key and no password.
-- audience: admin · needs: create user
create user if not exists {user}
    type = service
    default_role = {role}
    default_warehouse = {warehouse}
    default_namespace = '{database}.{schema}'
    rsa_public_key = {public_key};
grant role {role} to user {user};

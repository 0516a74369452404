-- warehouse: only verification, dynamic tables and `copy` mode need one; pipes bring their own compute.
-- audience: admin · needs: create warehouse
create warehouse if not exists {warehouse}
    warehouse_size = xsmall
    auto_suspend = 60
    auto_resume = true
    initially_suspended = true
    statement_timeout_in_seconds = 600;
grant usage on warehouse {warehouse} to role {role};

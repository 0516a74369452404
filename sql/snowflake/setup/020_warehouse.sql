-- warehouse: only verification, dynamic tables and `copy` mode need one; pipes bring their own compute.
-- New warehouses accelerate queries unless told not to, which bills beside the warehouse: said, not inherited.
-- audience: admin · needs: create warehouse
create warehouse if not exists {warehouse}
    warehouse_size = xsmall
    auto_suspend = 60
    auto_resume = true
    initially_suspended = true
    enable_query_acceleration = false
    statement_timeout_in_seconds = 600;
grant usage on warehouse {warehouse} to role {role};

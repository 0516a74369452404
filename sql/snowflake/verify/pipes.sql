-- pipes: every pipe that there is; asking costs no warehouse.
-- grain: pipe · reads: nothing
show pipes in schema {database}.{schema};

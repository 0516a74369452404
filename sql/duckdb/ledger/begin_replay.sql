-- begin_replay: notes that every row of some tables is sent again. ?1: the tables, a JSON array
-- grain: none · reads: nothing · shipped: no
update meta.streams
set replaying = ?1

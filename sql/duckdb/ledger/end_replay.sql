-- end_replay: notes that every row was sent again
-- grain: none · reads: nothing · shipped: no
update meta.streams
set replaying = null

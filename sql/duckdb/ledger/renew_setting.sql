-- renew_setting: replaces a note of ours in its place, so that the ledger does not grow by each. ?1: its name · ?2: its value
-- grain: none · reads: meta.settings · shipped: no
update meta.settings
set value = ?2
where name = ?1

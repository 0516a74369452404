-- note_setting: keeps a note under a name that has none. ?1: name · ?2: value
-- grain: none · reads: none · shipped: no
insert into meta.settings values (?, ?)

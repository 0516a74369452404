-- setting: the note of a name. ?1: name
-- grain: none or one row · reads: meta.settings · shipped: no
select value from meta.settings where name = ?

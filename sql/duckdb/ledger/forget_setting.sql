-- forget_setting: takes away the note of a name. ?1: name
-- grain: none · reads: meta.settings · shipped: no
delete from meta.settings where name = ?

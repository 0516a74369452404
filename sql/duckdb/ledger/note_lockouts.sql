-- note_lockouts: replaces what an account may not ask yet. ?1: account · ?2: buckets and times, a JSON array
-- grain: none · reads: nothing · shipped: no
insert into meta.not_before by name
with lockouts as (
    select unnest(json_transform(?2, '[{"bucket": "VARCHAR", "until": "TIMESTAMP"}]')) as lockout
)

select ?1 as account, lockout.bucket, lockout."until"
from lockouts

-- note_verdicts: notes what was found of files. ?1: now · ?2: the place · ?3: what was found, a JSON array of key, state (NULL:
-- nothing was) and reason
-- grain: none · reads: meta.files · shipped: no
-- What is not known says nothing about how far a file is, and takes back nothing that was found. The time of the last step stays: it
-- says how old a submission is.
update meta.files
set
    reason = found.verdict.reason,
    updated_at = case when coalesce(found.verdict.state, files.state) = files.state then updated_at else ?1::timestamp end,
    state = coalesce(found.verdict.state, files.state),
    verified_at = case when found.verdict.state = 'verified' then ?1::timestamp else verified_at end,
    verified_in = case when found.verdict.state = 'verified' then ?2 else verified_in end
from (
    select unnest(json_transform(?3, '[{"key": "VARCHAR", "state": "VARCHAR", "reason": "VARCHAR"}]')) as verdict
) as found
where files.key = found.verdict.key
    and (found.verdict.state is not null or files.state not in ('verified', 'failed', 'mismatch'))

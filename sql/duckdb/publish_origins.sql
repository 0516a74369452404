-- publish_origins: says in the attached `published` file where the rows of each of its lists come from: api, demo or file.
-- One read from the API makes a list the API's, and so does not knowing.
-- grain: playlist_id · reads: core.playlists of the published file, meta.reads, meta.runs · shipped: no
-- guarded by: tests/suite/intelligence/origins.rs
create schema if not exists published.meta;

create or replace table published.meta.origins as
with reads as (
    select
        reads.playlist_id,
        case
            when runs.source = 'demo' then 'demo'
            when starts_with(runs.source, 'from-dir ') then 'file'
            else 'api'
        end as origin
    from meta.reads as reads
    left join meta.runs as runs using (run_id)
    where reads.transformed_in is not null
)

select
    playlists.id as playlist_id,
    -- By name 'api' is the least: it wins.
    coalesce(min(reads.origin), 'api') as origin
from published.core.playlists as playlists
left join reads on reads.playlist_id = playlists.id
group by playlists.id;

comment on table published.meta.origins is
    'Where the rows of each list come from: content that came from Spotify''s API falls under its Developer Policy.';

comment on column published.meta.origins.playlist_id is 'The list, as core.playlists has it.';

comment on column published.meta.origins.origin is
    'api (read from Spotify), demo (the data set inside the program) or file (recorded documents, read with --from-dir).';

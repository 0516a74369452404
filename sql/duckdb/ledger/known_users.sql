-- known_users: whose liked songs were read
-- grain: user · reads: meta.reads · shipped: no
select distinct staging.liked_songs_user(playlist_id) as user_id
from meta.reads
where starts_with(playlist_id, 'liked:')

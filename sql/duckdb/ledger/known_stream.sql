-- known_stream: the stream that was sent rows last, and what of a replay to it is left
-- grain: one row · reads: meta.streams · shipped: no
select stream, address, replaying
from meta.streams

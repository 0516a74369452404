-- Names that want to be more than names, in every place that has one.
set variable names = [
    '<script>alert(document.domain)</script>',
    '</title></style></svg><img src=x onerror=alert(1)>',
    '" onload="alert(1)" x="',
    '''><svg onload=alert(1)>',
    'javascript:alert(1)',
    '&lt;b&gt;already escaped&lt;/b&gt; &amp; &#60;i>',
    '<!-- a comment ]]> <![CDATA[ that --> ends',
    '{{7*7}} ${7*7} <%= 7*7 %>',
    chr(8238) || 'gnp.exe read backwards',
    chr(8297) || chr(8238) || 'out of its isolate',
    'line one' || chr(10) || 'line two' || chr(13) || chr(9) || 'tab' || chr(7) || chr(27) || '[31mred',
    'שיר של לילה ארוך מאוד בלי סוף',
    'أغنية الليل الطويلة في المدينة القديمة',
    '夜の長い道をひとりで歩いていく歌',
    '한국어로 된 아주 긴 노래 제목입니다',
    '👩‍👩‍👧‍👦👨🏽‍🚀🏳️‍🌈 family 🎉🎉🎉🎉🎉🎉🎉🎉🎉',
    'Z' || repeat(chr(769) || chr(820), 400) || 'algo',
    repeat('WWWWWWWWWW', 400),
    repeat('Donaudampfschifffahrt', 190) || 'é',
    '',
    chr(8203),
    'https://evil.example/?a=1&b=2',
    'None',
    '%s %n -0 1e999'
];

update core.songs set name = getvariable('names')[1 + (hash(id) % 24)::integer];
update core.artists set name = getvariable('names')[1 + (hash(id || 'a') % 24)::integer];
update core.albums set name = getvariable('names')[1 + (hash(id || 'b') % 24)::integer];
update core.playlists set name = case id when 'liked' then repeat('WWWWWWWWWW', 400) else getvariable('names')[1 + (hash(id || 'f') % 24)::integer] end;
update core.playlist_songs set added_by = getvariable('names')[1 + (hash(added_by) % 24)::integer] where added_by <> '';
update core.genres set genre = getvariable('names')[1 + (hash(genre) % 24)::integer] where genre <> '';
update operations.freshness set name = getvariable('names')[1 + (hash(subject || 'f') % 24)::integer] where subject <> 'everything';

-- recordings: the folders that runs read documents from
-- grain: folder · reads: meta.runs · shipped: no
select distinct substr(source, length('from-dir ') + 1) as folder
from meta.runs
where starts_with(source, 'from-dir ')
order by folder

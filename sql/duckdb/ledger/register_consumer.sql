-- register_consumer: makes a consumer known to which every change is noted from now on. ?1: the consumer
-- grain: none · reads: nothing · shipped: no
insert into meta.consumers
select ?1 as consumer

-- Product events of all time, as they are asked for: what one look of a run found, its other looks do
-- not read again.
-- @keep answers
select * from index.events

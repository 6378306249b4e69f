-- Calls a function by an operator of the order.
-- Refused: the operator public.< has a schema
select id from jobs order by id using operator(public.<)

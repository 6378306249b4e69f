-- Calls a function by an operator before ANY.
-- Refused: the operator public.= has a schema
select 1 as one where 1 operator(public.=) any (select 2)

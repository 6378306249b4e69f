-- Calls a function by an operator with a schema.
-- Refused: the operator public.@@ has a schema
select 1 operator(public.@@) 2 as n

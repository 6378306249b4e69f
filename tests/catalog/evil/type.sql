-- Runs the code of a type.
-- Refused: a cast to the type public.evil runs its code
select 'x'::public.evil as n

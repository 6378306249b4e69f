-- Calls a function that nobody vouches for.
-- Refused: the function public.cleanup is not among those known
select public.cleanup() as n

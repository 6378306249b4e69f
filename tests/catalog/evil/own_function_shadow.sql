-- Calls a function of the user that is named like a harmless one.
-- Refused: the function public.now is not among those known
select public.now() as n

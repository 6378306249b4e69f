-- Reads a key.
-- Refused: vault.get shows secrets
select vault.get('key') as key

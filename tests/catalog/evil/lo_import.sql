-- Reads a file of the server into a large object.
-- Refused: lo_import reads or writes large objects
select lo_import('/etc/passwd') as oid

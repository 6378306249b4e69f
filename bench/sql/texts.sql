-- Texts of statements by queryid.
SELECT queryid, text FROM queries

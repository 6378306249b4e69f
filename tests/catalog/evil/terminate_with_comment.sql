-- Ends a session, with comments inside the name.
-- Refused: ends or cancels
select pg_catalog /* . */ . -- x
    pg_terminate_backend /* ( */ (1) as done

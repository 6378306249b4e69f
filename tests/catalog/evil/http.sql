-- Sends what it reads elsewhere.
-- Refused: net.http_post speaks to other servers
select net.http_post('http://a', '{"a": 1}') as id

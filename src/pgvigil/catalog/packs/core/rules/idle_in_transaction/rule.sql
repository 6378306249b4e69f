-- Transactions that sit idle, as they were read last.
SELECT 'pid ' || t.pid AS key, t.state_age AS value, t.pid, t.xact_age, t.xmin_age, t.application,
       role_names.name AS role, coalesce('`' || coalesce(t.application, role_names.name) || '`', 'pid ' || t.pid) AS who
FROM {transactions} t
LEFT JOIN role_names
    ON role_names.target = t.target AND role_names.incarnation = t.incarnation AND role_names.userid = t.userid
WHERE t.target = $target AND t.ts = (SELECT max(ts) FROM {passes} WHERE target = $target AND probe = 'transactions' AND outcome = 'ok')
  AND t.ts > make_timestamp($since) AND t.state LIKE 'idle in transaction%'

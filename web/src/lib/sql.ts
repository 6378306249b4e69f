// Just enough of SQL to set its keywords apart; nothing is parsed or changed.

export interface Piece {
  readonly text: string;
  readonly keyword: boolean;
}

const KEYWORDS = new Set(
  `ADD ALL ALTER ANALYZE AND ANY AS ASC BEGIN BETWEEN BY CALL CASE CAST CHECKPOINT CLOSE CLUSTER COMMIT CONCURRENTLY CONFLICT COPY
  CREATE CROSS CURRENT CURSOR DECLARE DEFAULT DELETE DESC DISTINCT DO DROP ELSE END EXCEPT EXECUTE EXISTS EXPLAIN
  EXTENSION FETCH FILTER FIRST FOR FROM FULL FUNCTION GRANT GROUP HAVING ILIKE IN INDEX INNER INSERT INTERSECT INTO IS
  JOIN KEY LAST LATERAL LEFT LIKE LIMIT LISTEN LOCK LOCKED MATERIALIZED MERGE NATURAL NO NOT NOTHING NOTIFY NOWAIT NULL
  NULLS OFFSET ON ONLY OR ORDER OUTER OVER PARTITION PREPARE RECURSIVE REFRESH REINDEX RELEASE RETURNING REVOKE RIGHT
  ROLLBACK ROWS SAVEPOINT SCHEMA SELECT SET SHARE SHOW SKIP START SYSTEM TABLE THEN TO TRANSACTION TRUNCATE UNION UPDATE USING
  VACUUM VALUES VIEW WHEN WHERE WINDOW WITH`.split(/\s+/),
);

// Quoted names, quoted texts and comments as wholes, so that a keyword inside them is none.
const TOKEN = /"(?:[^"]|"")*"|'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|[A-Za-z_][\w$]*|[^A-Za-z_"'/-]+|[\s\S]/g;

export function pieces(sql: string): readonly Piece[] {
  const found: Piece[] = [];
  for (const [text] of sql.matchAll(TOKEN)) {
    const keyword = KEYWORDS.has(text.toUpperCase());
    const last = found.at(-1);
    if (last !== undefined && last.keyword === keyword && !keyword) {
      found[found.length - 1] = { text: last.text + text, keyword };
    } else found.push({ text, keyword });
  }
  return found;
}

/** One line of bounded length for a list. */
export function oneLine(sql: string, most = 240): string {
  const flat = sql.replace(/\s+/g, " ").trim();
  return flat.length <= most ? flat : `${flat.slice(0, most)}…`;
}

// Just enough of SQL to set its keywords apart and to break it into lines; nothing is parsed, and no token is changed.

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

// Quoted names, texts of every kind and comments as wholes, so that a keyword or a space inside them is none. What is
// never closed goes to the end.
const TOKEN =
  /"(?:[^"]|"")*(?:"|$)|[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|\$([A-Za-z_]\w*|)\$[\s\S]*?(?:\$\1\$|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[ \t\n\r\f\v]+|[^A-Za-z_\u0080-\uffff"'/$ \t\n\r\f\v()-]+|[\s\S]/g;

// As PostgreSQL counts it: a space that does not break is a letter there.
const SPACE = /^[ \t\n\r\f\v]+$/;

/** The longest text whose keywords are set apart: a page of spans for each word is slow beyond. */
const LONGEST_COLOURED = 20_000;

function tokens(sql: string): readonly string[] {
  return Array.from(sql.matchAll(TOKEN), ([text]) => text);
}

export function pieces(sql: string): readonly Piece[] {
  if (sql.length > LONGEST_COLOURED) return [{ text: sql, keyword: false }];
  const found: Piece[] = [];
  for (const text of tokens(sql)) {
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
  const flat = sql.slice(0, 4 * most).replace(/\s+/g, " ").trim();
  return flat.length <= most ? flat : `${flat.slice(0, most)}…`;
}

const CLAUSES = new Set(["FROM", "WHERE", "HAVING", "LIMIT", "OFFSET", "UNION", "INTERSECT", "EXCEPT", "WINDOW", "RETURNING", "VALUES", "SET", "SELECT", "USING"]);
const JOINS = new Set(["JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL"]);
// A word that belongs to the one before it begins no line of its own.
const TIES: Readonly<Record<string, readonly string[]>> = {
  FROM: ["DELETE", "DISTINCT"],
  SET: ["UPDATE", "ALTER", "RESET"],
  SELECT: ["ALL", "AS"],
  VALUES: ["DEFAULT"],
};

interface Level {
  /** Clauses break lines here: at the top, and in a query between parentheses, but not in the call of a function. */
  readonly query: boolean;
  cases: number;
  between: boolean;
  joining: boolean;
}

/**
 * The statement with line breaks before its clauses. Only white space between two tokens is changed, and only where there
 * is some: whatever the text is, its tokens stay as they are.
 */
export function formatted(sql: string): string {
  const all = tokens(sql);
  // Comments within comments are told apart by a parser only.
  if (all.some((text) => text.startsWith("/*") && text.includes("/*", 2))) return sql;
  const words = all.map((text) => text.toUpperCase());
  const levels: Level[] = [{ query: true, cases: 0, between: false, joining: false }];
  const next = (from: number): string => words.slice(from, from + 4).find((word) => !SPACE.test(word)) ?? "";
  let out = "";
  let before = "";
  all.forEach((text, i) => {
    const word = words[i] ?? "";
    if (SPACE.test(text)) {
      const at = levels.at(-1);
      // The end of a comment is its line's.
      if (before.startsWith("--")) out += text;
      else if (i === all.length - 1 || out === "") return;
      else if (at !== undefined && breaks(at, before, words[i + 1] ?? "", next(i + 2))) {
        const deeper = words[i + 1] === "AND" || words[i + 1] === "OR" ? 1 : 0;
        out += `\n${"  ".repeat(levels.length - 1 + deeper)}`;
      } else out += " ";
      return;
    }
    const level = levels.at(-1);
    if (word === "(") levels.push({ query: ["SELECT", "WITH", "VALUES"].includes(next(i + 1)), cases: 0, between: false, joining: false });
    else if (word === ")" && levels.length > 1) levels.pop();
    else if (level !== undefined) follow(level, word);
    out += text;
    before = word;
  });
  return out;
}

function follow(level: Level, word: string): void {
  if (word === "CASE") level.cases += 1;
  else if (word === "END") level.cases = Math.max(0, level.cases - 1);
  else if (word === "BETWEEN") level.between = true;
  else if (word === "AND" && level.between) level.between = false;
  level.joining = JOINS.has(word) || word === "OUTER";
}

function breaks(level: Level, before: string, word: string, after: string): boolean {
  if (!level.query || level.cases > 0 || before === "(") return false;
  if (word === "AND") return !level.between;
  if (word === "OR") return before !== "CREATE";
  if (word === "GROUP" || word === "ORDER") return after === "BY" && before !== "WITHIN";
  if (word === "ON") return after === "CONFLICT";
  if (word === "FETCH") return after === "FIRST" || after === "NEXT";
  if (word === "FOR") return ["UPDATE", "SHARE", "NO", "KEY"].includes(after);
  if (JOINS.has(word)) return !level.joining && (word === "JOIN" || JOINS.has(after) || after === "OUTER");
  return CLAUSES.has(word) && !(TIES[word]?.includes(before) ?? false);
}

import { describe, expect, test } from "vitest";

import { formatted, oneLine, pieces } from "./sql";

// The tokens of PostgreSQL's lexer, told apart by another way than the one that is tested: what counts is the text
// without the white space between tokens.
function bare(sql: string): string {
  let out = "";
  let rest = sql;
  const wholes = [/^"(?:[^"]|"")*(?:"|$)/, /^[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/, /^'(?:[^']|'')*(?:'|$)/, /^\$([A-Za-z_]\w*|)\$[\s\S]*?(?:\$\1\$|$)/, /^--[^\n]*(?:\n|$)/, /^\/\*[\s\S]*?(?:\*\/|$)/, /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/];
  while (rest !== "") {
    const space = /^[ \t\n\r\f\v]+/.exec(rest);
    // Words that were apart stay apart.
    if (space) out += "␣";
    const taken = space?.[0] ?? wholes.map((one) => one.exec(rest)?.[0]).find((one) => one !== undefined) ?? rest.slice(0, 1);
    if (!space) out += taken;
    rest = rest.slice(taken.length);
  }
  return out;
}

const ends = (told: string): string => told.replace(/^␣|␣$/g, "");

const STATEMENTS = [
  "SELECT a, b FROM t JOIN u ON t.id = u.id LEFT OUTER JOIN v USING (id) WHERE a = $1 AND b BETWEEN $2 AND $3 OR c IS DISTINCT FROM $4 GROUP BY a, b HAVING count(*) > $5 ORDER BY a LIMIT $6 OFFSET $7 FOR UPDATE SKIP LOCKED",
  "INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING *",
  "UPDATE t SET a = $1, b = CASE WHEN c = $2 AND d = $3 THEN $4 ELSE $5 END FROM u WHERE t.id = u.id",
  "DELETE FROM t WHERE id IN (SELECT id FROM u WHERE x > $1 ORDER BY y)",
  "WITH x AS (SELECT extract(year FROM ts) AS y FROM t), z AS (DELETE FROM u RETURNING *) SELECT count(*) FILTER (WHERE y > $1) OVER (PARTITION BY a ORDER BY b) FROM x UNION ALL SELECT 1",
  "SELECT 'from where  and', \"where  x\", E'it\\'s  where  ', $tag$ select  from $tag$, $$ where $$ FROM t -- where  1\n WHERE /* and  or */ a = 1",
  "CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ begin  select 1; end $$ LANGUAGE plpgsql",
  "SELECT percentile_cont($1) WITHIN GROUP (ORDER BY x) FROM t CROSS JOIN LATERAL (VALUES ($2)) AS v(x)",
  "BEGIN", "", "   ", "SELECT", ")))((( FROM", "'never closed FROM x WHERE", "\"never  closed WHERE", "$a$ never  closed WHERE", "/* never  closed FROM",
  "/* one /* within */ it's */ SELECT 'a  b' FROM t", "SELECT 1 WHERE -- the end",
];

describe("a formatted statement", () => {
  test.each(STATEMENTS)("keeps every token of %j", (sql) => {
    expect(ends(bare(formatted(sql)))).toBe(ends(bare(sql)));
  });

  test("keeps every token of texts made by chance", () => {
    const parts = ["SELECT", "FROM", "WHERE", "AND", "BETWEEN", "(", ")", " ", "\n", "  ", "'a  b'", "E'\\'", "'", '"', "$1", "$$", "$x$", "--", "/*", "*/", ",", "CASE", "END", "x", "é", "\u202e", "<script>", "JOIN", "LEFT", "\u00a0", ")", " ", " "];
    let seed = 7;
    const chance = (most: number): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % most;
    };
    for (let round = 0; round < 3000; round += 1) {
      const sql = Array.from({ length: chance(25) }, () => parts[chance(parts.length)] ?? "").join("");
      expect(ends(bare(formatted(sql))), JSON.stringify(sql)).toBe(ends(bare(sql)));
    }
  });

  test("breaks before clauses, and deeper in a query between parentheses", () => {
    expect(formatted("DELETE FROM t  WHERE a BETWEEN $1 AND $2 AND id IN (SELECT id FROM u WHERE x > $3)").split("\n")).toEqual([
      "DELETE FROM t",
      "WHERE a BETWEEN $1 AND $2",
      "  AND id IN (SELECT id",
      "  FROM u",
      "  WHERE x > $3)",
    ]);
  });

  test("is not broken within a call or a CASE", () => {
    expect(formatted("SELECT extract(year FROM ts), CASE WHEN a AND b THEN c END")).toBe("SELECT extract(year FROM ts), CASE WHEN a AND b THEN c END");
  });

  test("has the two words of a join in one line", () => {
    expect(formatted("SELECT 1 FROM a LEFT JOIN b ON true NATURAL JOIN c").split("\n")).toEqual(["SELECT 1", "FROM a", "LEFT JOIN b ON true", "NATURAL JOIN c"]);
  });
});

test("nothing is lost of a long text, which is not coloured", () => {
  const long = "SELECT 1 FROM t ".repeat(5000);
  expect(pieces(long)).toEqual([{ text: long, keyword: false }]);
  expect(oneLine(long)).toHaveLength(241);
});

"""pgvigil: watches PostgreSQL, keeps what it saw exactly, and says what it means."""

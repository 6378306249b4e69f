// Runs before the first paint, so that a remembered theme does not flash the other one. The policy of the server
// forbids scripts within the document, so it is a file of its own.
try {
  const chosen = localStorage.getItem("pgvigil.theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is forbidden here: the theme follows the system.
}

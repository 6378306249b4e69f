import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// Where `npm run dev` finds the API: a running `pgvigil serve` or `pgvigil demo`.
const api = "http://127.0.0.1:8432";

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../src/pgvigil/serve/page",
    emptyOutDir: true,
    target: "es2022",
    // The first browsers with light-dark(), on which the two themes rest.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    // The server's policy allows no data: address for scripts and styles, and one file is as fast as many here.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { host: "127.0.0.1", proxy: { "/api": api, "/healthz": api, "/readyz": api } },
});

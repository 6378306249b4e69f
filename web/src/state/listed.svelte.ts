// The statements that a page lists: the shell's search looks through them too.

import type { Statements } from "../api/types";
import { Resource } from "./resource.svelte";

export const statements = new Resource<Statements>();

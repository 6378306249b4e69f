// The statements that a page lists.

import type { Statements } from "../api/types";
import { Resource } from "./resource.svelte";

export const statements = new Resource<Statements>();

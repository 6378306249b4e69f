// What a server is, as short as it goes: 17.6 · primary · 4 CPUs.

import type { Target } from "../api/types";
import { figures } from "./format";

export function facts(target: Pick<Target, "version" | "role" | "cpus">): string {
  const known = [target.version, target.role];
  if (target.cpus !== null) known.push(`${figures(target.cpus)} ${target.cpus === 1 ? "CPU" : "CPUs"}`);
  return known.filter((fact) => fact !== null).join(" · ");
}

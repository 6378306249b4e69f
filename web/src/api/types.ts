// Short names for the models of the API; schema.d.ts is generated from its OpenAPI document by `npm run types`.

import type { components } from "./schema";

type Models = components["schemas"];

export type Better = Models["Better"];
export type Comparison = Models["Comparison"];
export type Condition = Models["Condition"];
export type Events = Models["Events"];
export type Fleet = Models["Fleet"];
export type FleetLine = Models["FleetLine"];
export type Gap = Models["Gap"];
export type Happening = Models["Event"];
export type LivePass = Models["LivePass"];
export type LiveSample = Models["LiveSample"];
export type LiveState = Models["LiveState"];
export type LiveSession = Models["LiveSession"];
export type LiveSessions = Models["LiveSessions"];
export type Load = Models["Load"];
export type LoadDimension = Models["Dimension"];
export type LoadSlice = Models["LoadSlice"];
export type LockHolder = Models["LockHolder"];
export type LockIncident = Models["LockIncident"];
export type LockIncidents = Models["LockIncidents"];
export type LockNode = Models["LockNode"];
export type Locks = Models["Locks"];
export type LockWait = Models["LockWait"];
export type NotVisible = Models["NotVisible"];
export type Order = Models["Order"];
export type PanelData = Models["PanelData"];
export type PanelDefinition = Models["PanelDefinition"];
export type Panels = Models["Panels"];
export type Problem = Models["Problem"];
export type Search = Models["Search"];
export type State = Models["State"];
export type Statement = Models["Statement"];
export type StatementChart = Models["StatementChart"];
export type StatementDetail = Models["StatementDetail"];
export type StatementGroup = Models["StatementGroup"];
export type StatementGroups = Models["StatementGroups"];
export type StatementKind = Models["StatementKind"];
export type StatementSeen = Models["StatementSeen"];
export type StatementTag = Models["StatementTag"];
export type Statements = Models["Statements"];
export type StatementSort = Models["StatementSort"];
export type Target = Models["Target"];
export type Targets = Models["Targets"];
export type Unit = Models["Unit"];
export type Verdict = Models["Verdict"];
export type Vital = Models["Vital"];
export type Vitals = Models["Vitals"];
export type WaitEvent = Models["WaitEvent"];
export type WaitEvents = Models["WaitEvents"];
export type WaitClass = Models["WaitClass"];

export type LiveEvent = LivePass | LiveSample | LiveState;

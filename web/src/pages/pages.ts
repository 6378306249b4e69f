// The pages there are, in the order of the navigation.

export const PAGES = [{ key: "overview", title: "Overview", path: "/" }] as const;

/** Type names of what is trained and what serves it; those of what Cloud Control makes are its own. */
export const SOLUTION = "Solution";
export const SOLUTION_VERSION = "SolutionVersion";
export const CAMPAIGN = "Campaign";

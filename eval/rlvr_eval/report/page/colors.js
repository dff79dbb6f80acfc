/* The colours of base, checkpoint and models beside the run. */

export const BASE = "var(--base)";
export const CHECKPOINT = "var(--checkpoint)";
export const BESIDE = ["var(--gained)", "var(--lost)", "var(--first)"];

// How figures are written for people.

/** 0.5 -> '50.0 %'. */
export const percent = (share: number | null) => (share === null ? '–' : `${(100 * share).toFixed(1)} %`);

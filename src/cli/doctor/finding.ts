export interface Finding {
  readonly what: string;
  /** `unknown`: this user may not find out. */
  readonly state: 'yes' | 'no' | 'unknown';
  readonly detail: string;
  /** What its lack costs, or how to get it. */
  readonly hint?: string;
}

/** Findings that belong together, under a heading. */
export interface Chapter {
  readonly title: string;
  readonly findings: readonly Finding[];
}

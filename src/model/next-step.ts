/** What to look at next, once a journey has ended. */
export interface NextStep {
  readonly text: string;
  /** Shows it, on this host. */
  readonly command?: string;
}

/** The machine as a picture: places and what joins them, as `/api/topology` tells it (CONTRACT 8). */

export interface TopologyPlace {
  readonly id: string;
  readonly kind: 'host' | 'node' | 'pod' | 'netns' | 'dev' | 'bridge' | 'tunnel' | 'service';
  readonly name: string;
  /** Absent: nothing of this machine is around it. */
  readonly parent?: string;
  /** Cookie. */
  readonly netns?: string;
  readonly ifindex?: number;
  readonly cluster?: string;
  readonly namespace?: string;
  /** With prefix length; a service's without. */
  readonly addresses?: readonly string[];
  readonly up?: boolean;
}

export interface TopologyLink {
  readonly id: string;
  /** lower: `a` lies over `b`. Of the others either end may be `a`. */
  readonly kind: 'veth' | 'port' | 'tunnel' | 'lower';
  readonly a: string;
  readonly b: string;
}

export interface Topology {
  readonly rev: number;
  readonly places: readonly TopologyPlace[];
  readonly links: readonly TopologyLink[];
}

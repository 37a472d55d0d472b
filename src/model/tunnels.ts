/** UDP destination ports that carry VXLAN: Linux', which flannel uses, and IANA's. */
export const vxlanPorts: readonly number[] = [8472, 4789];

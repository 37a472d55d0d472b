/** Pod `i` of 1,000 as it is after `age` others had its address. */
export function podAt(i: number, age: number) {
  const name = `app-${i}-${age}`;
  return {
    metadata: {
      name,
      namespace: `ns-${i % 20}`,
      uid: `00000000-0000-4000-8000-${String(i * 1000 + age).padStart(12, '0')}`,
      labels: { app: `app-${i}`, 'pod-template-hash': '5d59d67564', tier: 'web' },
    },
    spec: { nodeName: `node-${i % 50}`, containers: [{ name: 'main', ports: [{ containerPort: 8080 }] }] },
    status: { phase: 'Running', podIPs: [{ ip: `10.244.${i >> 8}.${i & 255}` }] },
  };
}

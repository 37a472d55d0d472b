import { describe, expect, it } from 'vitest';
import { labPlan } from '../../../src/lab/dataplane/plan.ts';
import { labServices } from '../../../src/lab/dataplane/services.ts';
import { findScenario, scenarioFollow, scenarios } from '../../../src/lab/scenarios/run.ts';
import { scenarioStory } from '../../../src/lab/scenarios/scenario.ts';

const plan = labPlan('default', 'flannel');
const places = [plan.host, plan.outside, ...plan.nodes, ...plan.pods].map(each => each.name);

describe('scenarios', () => {
  it('are those that the command line promises, each once', () => {
    expect(scenarios.map(scenario => scenario.name)).toEqual([
      ...['lo', 'isolated', 'veth-pair', 'bridge-learning', 'arp', 'forward-off', 'prefix', 'no-route'],
      ...['same-node', 'cross-node', 'service', 'hairpin', 'dns', 'nodeport', 'loadbalancer', 'outside'],
      ...['same-pod-containers', 'localhost', 'apiserver', 'ping-clusterip', 'closed-port', 'no-endpoints'],
      ...['policy-drop', 'mtu'],
    ]);
    expect(() => findScenario('no-such')).toThrow(expect.objectContaining({ code: 'UNKNOWN_NAME' }));
  });

  it.each(scenarios)('$name tells its story in two sentences before and two after', scenario => {
    for (const cni of ['flannel', 'kindnet'] as const) {
      const { before, after } = scenarioStory(scenario, cni);
      for (const sentence of [...before, ...after]) expect(sentence).toMatch(/^[A-Za-z"'(b].*[.?!)]$/s);
      expect(before.join(' ')).toContain('You will see');
      // Words of one CNI have no place in the story of the other.
      if (cni === 'kindnet') expect([...before, ...after].join(' ')).not.toMatch(/flannel|cni0/);
    }
  });

  it.each(scenarios)('$name speaks of places and names that are there', scenario => {
    const own = (scenario.extra ?? []).map(extra => extra.netns);
    for (const step of [...(scenario.prepare ?? []), scenario.traffic])
      expect([...places, ...own]).toContain(step.in);
    for (const extra of scenario.extra ?? []) {
      expect(extra.netns).toMatch(/^x-/);
      for (const line of extra.ip) if (line.includes('netns')) expect(own).toContain(line.split(' ').at(-1));
    }
    for (const selector of [scenario.follow.src, scenario.follow.dst]) {
      const [, kind, name] = /^(lab:default\/|svc\/|netns:)?(.*)$/.exec(selector)!;
      if (kind === 'lab:default/') expect(plan.pods.map(pod => pod.name)).toContain(name);
      else if (kind === 'svc/') expect(labServices(plan).map(service => service.name)).toContain(name);
      else if (kind === 'netns:') expect(own).toContain(name);
      else expect(name).toMatch(/^(any|[\d.]+)$/);
    }
  });

  it("names a scenario's own namespaces with the lab's", () => {
    expect(scenarioFollow('b', findScenario('veth-pair'))).toEqual({
      src: 'netns:lab-b-x-left',
      dst: '192.0.2.2',
    });
    expect(scenarioFollow('b', findScenario('service'))).toEqual({
      src: 'lab:default/pod-a',
      dst: 'svc/nginx-service',
    });
  });
});

/** A request in words → what it means on this host at this moment. */
import type { Names } from '../inventory/names.ts';
import type { Selection } from '../inventory/selection.ts';
import { select, selectByLabels } from '../inventory/selectors.ts';
import type { FollowRequest } from '../model/follow.ts';
import type { FollowTarget } from './target.ts';

/** @throws UNKNOWN_NAME, AMBIGUOUS_NAME, USAGE. */
export function targetOf(request: FollowRequest, names: Names): FollowTarget {
  const scope = {
    ...(request.namespace === undefined ? {} : { namespace: request.namespace }),
    ...(request.cluster === undefined ? {} : { cluster: request.cluster }),
  };
  const src =
    request.selector === undefined
      ? select(request.src, names, scope)
      : selectByLabels(request.selector, names, scope);
  const dst = select(request.dst, names, {
    ...scope,
    ...(src.cluster === undefined ? {} : { cluster: src.cluster }),
  });
  const cluster = request.cluster ?? src.cluster ?? dst.cluster;
  return {
    src,
    dst,
    ...(cluster === undefined ? {} : { cluster }),
    ...(request.proto === undefined ? {} : { proto: request.proto }),
    ...(request.port === undefined ? {} : { port: request.port }),
    dnsIps: dst.kind === 'service' ? dnsOf(names, dst) : [],
  };
}

/** The cluster's DNS service, which a name of a service is looked up with. */
function dnsOf(names: Names, dst: Selection): string[] {
  for (const { snapshot } of names.clustersAt()) {
    if (snapshot.name !== dst.service?.cluster) continue;
    const dns = snapshot.services.find(
      service => service.namespace === 'kube-system' && service.ports.some(port => port.port === 53),
    );
    if (dns !== undefined)
      return [...dns.clusterIps, ...dns.ports.flatMap(port => port.endpoints.map(end => end.ip))];
  }
  return [];
}

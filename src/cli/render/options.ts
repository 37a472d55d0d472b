/** How output is asked for: the same in every command that has it. */
import { Option } from 'commander';
import { outputFormats } from './renderer.ts';

export const outputOption = (): Option =>
  new Option('-o, --output <FORMAT>', 'how journeys are printed').choices(outputFormats).default('compact');

export const colorOption = (): Option =>
  new Option('--color <WHEN>', 'colours').choices(['auto', 'always', 'never']).default('auto');

export function kubeconfigOption(): Option {
  return new Option(
    '--kubeconfig <FILE>',
    "how to ask the cluster for names (default: $KUBECONFIG, yours, root's)",
  );
}

/** What is done anyway; taken because hands write it. */
export function allNamespaces(): Option {
  return new Option('-A, --all-namespaces').hideHelp().conflicts('namespace');
}

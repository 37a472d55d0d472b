/** One family's iptables tables while they are put together; printed in the form that `iptables-restore` reads. */
export type Family = 4 | 6;

const builtIn: Readonly<Record<string, readonly string[]>> = {
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
};

export class Rules {
  readonly family: Family;
  readonly #tables = new Map<string, { readonly chains: Set<string>; readonly rules: string[] }>();

  constructor(family: Family) {
    this.family = family;
  }

  #table(name: string) {
    let table = this.#tables.get(name);
    if (table === undefined) {
      table = { chains: new Set(), rules: [] };
      this.#tables.set(name, table);
    }
    return table;
  }

  /** Declares chains of our own, also those that stay empty. */
  chain(table: string, ...names: string[]): void {
    for (const name of names) this.#table(table).chains.add(name);
  }

  /** Appends rules written without `-A`: `CHAIN -j …`. A chain that is not built in is declared by its first rule. */
  add(table: string, ...rules: string[]): void {
    for (const rule of rules) {
      const chain = rule.slice(0, rule.indexOf(' '));
      if (!builtIn[table]?.includes(chain)) this.chain(table, chain);
      this.#table(table).rules.push(`-A ${rule}`);
    }
  }

  text(): string {
    const lines: string[] = [];
    for (const [name, table] of this.#tables) {
      lines.push(`*${name}`);
      for (const chain of builtIn[name] ?? []) lines.push(`:${chain} ACCEPT [0:0]`);
      for (const chain of [...table.chains].sort()) lines.push(`:${chain} - [0:0]`);
      lines.push(...table.rules, 'COMMIT');
    }
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }
}

import { effect } from '@preact/signals';
import { render } from 'preact';
import { readFollows } from '../act/follows.ts';
import { keepAddress, restore } from './address-sync.ts';
import { connection } from './feed.ts';
import { listenForKeys } from './keys.ts';
import { Layout } from './layout.tsx';
import { readPalette } from './palette.ts';
import { enter, feed } from './session.ts';
import { theme } from './state.ts';
import { fetchWanted } from './wanted.ts';

/** Somebody else may follow too. */
const FOLLOWS_MS = 5000;

restore();
effect(() => {
  const root = document.documentElement;
  if (theme.value === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme.value;
  readPalette();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', readPalette);
render(<Layout />, document.getElementById('page')!);
listenForKeys();
void enter().then(() => {
  keepAddress();
  fetchWanted(feed);
});
effect(() => {
  if (connection.value.kind === 'live') void readFollows();
});
setInterval(() => {
  if (connection.peek().kind === 'live' && !document.hidden) void readFollows();
}, FOLLOWS_MS);

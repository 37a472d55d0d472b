import { effect } from '@preact/signals';
import { render } from 'preact';
import { Layout } from './layout.tsx';
import { readPalette } from './palette.ts';
import { enter } from './session.ts';
import { theme } from './state.ts';

effect(() => {
  const root = document.documentElement;
  if (theme.value === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme.value;
  readPalette();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', readPalette);

render(<Layout />, document.getElementById('page')!);
void enter();

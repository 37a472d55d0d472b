import { changeShapes, outcomeShapes, SHAPE_BOX } from '../../app/shapes.ts';

const signs: readonly { readonly shape: string; readonly colour: string; readonly text: string }[] = [
  { shape: changeShapes.dnat, colour: 'var(--change-dnat)', text: 'DNAT' },
  { shape: changeShapes.snat, colour: 'var(--change-snat)', text: 'SNAT' },
  { shape: changeShapes.encap, colour: 'var(--change-encap)', text: 'tunnel' },
  { shape: outcomeShapes.delivered, colour: 'var(--outcome-delivered)', text: 'delivered' },
  { shape: outcomeShapes.dropped, colour: 'var(--outcome-dropped)', text: 'dropped' },
  { shape: outcomeShapes.open, colour: 'var(--outcome-open)', text: 'waiting' },
];

const lines: readonly { readonly dash?: string; readonly colour: string; readonly text: string }[] = [
  { colour: 'var(--accent)', text: 'as sent' },
  { dash: '5 4', colour: 'var(--accent)', text: 'worked out' },
  { dash: '1.5 4', colour: 'var(--outcome-lost)', text: 'not seen' },
];

export function Legend() {
  return (
    <ul class="timeline-legend" aria-label="Signs">
      {lines.map(({ dash, colour, text }) => (
        <li key={text}>
          <svg width="22" height="12" aria-hidden="true">
            <path d="M0 6h22" stroke={colour} stroke-width="2" stroke-dasharray={dash} />
          </svg>
          {text}
        </li>
      ))}
      {signs.map(({ shape, colour, text }) => (
        <li key={text}>
          <svg width={SHAPE_BOX} height={SHAPE_BOX} aria-hidden="true">
            <path d={shape} fill={colour} />
          </svg>
          {text}
        </li>
      ))}
    </ul>
  );
}

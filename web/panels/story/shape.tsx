import { SHAPE_BOX } from '../../app/shapes.ts';

/** Beside words: the colour alone says nothing. */
export function Shape({ path, colour }: { path: string; colour: string }) {
  return (
    <svg
      class="story-shape"
      viewBox={`0 0 ${SHAPE_BOX} ${SHAPE_BOX}`}
      aria-hidden="true"
      style={`color: var(${colour})`}
    >
      <path d={path} fill="currentColor" fill-rule="evenodd" />
    </svg>
  );
}

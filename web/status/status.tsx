import { computed } from '@preact/signals';
import { counted } from '../../src/words/counts.ts';
import { Dialog, openDialog } from '../app/dialog.tsx';
import { back, type Connection, connection, eventsPerSecond, madeRoom, missed } from '../app/feed.ts';
import { stats } from '../app/state.ts';
import { backText, lossesOf } from './losses.ts';
import { TapTable } from './tap-table.tsx';

const losses = computed(() => lossesOf(stats.value, missed.value, madeRoom.value));
const badLosses = computed(() => losses.value.filter(({ isBad }) => isBad));
const missingTaps = computed(() => (stats.value?.taps ?? []).filter(({ state }) => state === 'refused'));

const connectionWords: Readonly<Record<Connection['kind'], string>> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'reconnecting',
  refused: 'not let in',
};

/** How things stand, in one line; all of it behind a click. */
export function StatusButton() {
  const { kind } = connection.value;
  const isReplay = stats.value?.replay !== undefined;
  const words = kind === 'live' && isReplay ? 'recording' : connectionWords[kind];
  const rate = eventsPerSecond.value;
  const returned = kind === 'live' ? back.value : undefined;
  return (
    <button
      type="button"
      class="status"
      aria-label={`Status: ${words}`}
      onClick={() => {
        openDialog.value = 'status';
        back.value = undefined;
      }}
    >
      <span class={`dot dot-${kind}`} aria-hidden="true" />
      <span role="status">
        {words}
        {returned !== undefined && <span class="muted"> {backText(returned)}</span>}
      </span>
      {returned === undefined && kind === 'live' && !isReplay && rate !== undefined && (
        <span class="muted status-rate">{rate.toLocaleString('en')} events/s</span>
      )}
      {missingTaps.value.length > 0 && (
        <span class="status-warn">{counted(missingTaps.value.length, 'tap')} missing</span>
      )}
      {badLosses.value[0] !== undefined && <span class="status-warn">{badLosses.value[0].what}</span>}
    </button>
  );
}

export function StatusDialog() {
  return (
    <Dialog name="status" title="What is seen, and what is not">
      <Details />
    </Dialog>
  );
}

function Details() {
  const known = stats.value;
  if (known === undefined) return <p>Nothing is known: the daemon has not answered.</p>;
  const { host, session, startedAt, events, journeys, taps, replay, recording } = known;
  return (
    <>
      <p>
        {replay === undefined ? 'Live' : `Recording ${replay.name}`}: Linux {host.kernel} on {host.machine},{' '}
        {host.cpus} CPUs. Session <code>{session}</code> since{' '}
        <time dateTime={startedAt}>{new Date(startedAt).toLocaleString('en-GB')}</time>.
      </p>
      <h3>Missing</h3>
      {losses.value.length === 0 ? (
        <p>Nothing: every event was read, every packet is kept.</p>
      ) : (
        <dl class="losses">
          {losses.value.map(({ what, why, isBad }) => (
            <div key={what + why}>
              <dt class={isBad ? 'warn' : undefined}>{what}</dt>
              <dd>{why}</dd>
            </div>
          ))}
        </dl>
      )}
      {recording?.failed !== undefined && <p class="bad">The recording has ended: {recording.failed}</p>}
      <h3>Sums</h3>
      <p class="figures">
        {figure(events.seen)} events seen = {figure(taps.reduce((sum, tap) => sum + tap.events, 0))} told by
        taps + {figure(events.filtered.own + events.filtered.sampled)} filtered + {figure(events.lost)} lost +{' '}
        {figure(events.malformed)} unreadable
        {events.unaccounted === 0 ? '' : ` + ${figure(events.unaccounted)} unaccounted for`}.
        <br />
        {figure(journeys.closed)} packets closed + {figure(journeys.open)} open = {figure(journeys.kept)} kept
        + {figure(journeys.evicted)} evicted.
      </p>
      <h3>Taps</h3>
      <TapTable taps={taps} />
    </>
  );
}

const figure = (count: number): string => count.toLocaleString('en');

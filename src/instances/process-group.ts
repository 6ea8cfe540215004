import { readdir, readFile } from 'node:fs/promises';

/** Signals every process of a group; false when there is none, or none that may be signalled (on macOS also zombies). */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/**
 * True while a process of the group runs. One that has ended counts as gone even if nobody has reaped it: an orphan in a
 * container without an init stays a zombie for ever, and signals still reach it.
 */
export async function groupRuns(group: number): Promise<boolean> {
  if (!signalGroup(group, 0)) return false;
  if (process.platform !== 'linux') return true;
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    // `pid (command) state ppid pgrp …`, and the command may hold anything.
    const [state = '', , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(pgrp) === group && !'ZX'.includes(state)) return true;
  }
  return false;
}

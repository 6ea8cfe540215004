import type { Clock } from '../core/clock.ts';
import { EventsFile } from './events-file.ts';
import type { ServiceConfig } from './service-config.ts';
import type { EventSink } from './state-events.ts';
import { Webhook } from './webhook.ts';

/**
 * Where the service tells changes of jobs, as it was told.
 *
 * @param say told what cannot be delivered
 * @throws MillraceError `InvalidOption`
 */
export async function eventSinks(
  { webhookUrl, eventsFile }: Pick<ServiceConfig, 'webhookUrl' | 'eventsFile'>,
  clock: Clock,
  say: (line: string) => void,
): Promise<readonly EventSink[]> {
  const sinks: EventSink[] = [];
  if (webhookUrl !== undefined) sinks.push(new Webhook({ url: webhookUrl, clock, say }));
  if (eventsFile !== undefined) {
    const file = new EventsFile({ path: eventsFile, clock, say });
    await file.check();
    sinks.push(file);
  }
  return sinks;
}

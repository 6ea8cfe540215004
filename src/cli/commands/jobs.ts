import type { CommandGroup } from './command-group.ts';
import { jobsCreate } from './jobs-create.ts';
import { jobsDelete } from './jobs-delete.ts';
import { jobsDescribe } from './jobs-describe.ts';
import { jobsList } from './jobs-list.ts';
import { jobsLogs } from './jobs-logs.ts';
import { jobsStop } from './jobs-stop.ts';
import { jobsWatch } from './jobs-watch.ts';

export const jobs: CommandGroup = {
  name: 'jobs',
  meaning: 'look after the transform jobs of a service',
  commands: [jobsList, jobsDescribe, jobsWatch, jobsLogs, jobsStop, jobsDelete, jobsCreate],
};

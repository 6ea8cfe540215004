/** One log stream of a job that runs. */
export interface JobLog {
  /** Cheap: takes the line and returns. */
  write(line: string): void;
  close(): Promise<void>;
}

/** Where jobs write what happens in them. */
export interface JobLogs {
  /** Opens a stream, which readers see from then on. */
  stream(job: string, name: string): JobLog;
  /** Removes all streams of a job. */
  removeJob(job: string): Promise<void>;
}

/** What a job is to do, decided when it was created and never changed: kept as JSON, and all that a restart needs. */
export interface JobDefinition {
  /** What was asked of it, as `storedWishes` reads it. */
  readonly wishes: Readonly<Record<string, string>>;
  readonly input: { readonly kind: 'S3Prefix' | 'ManifestFile'; readonly uri: string };
  readonly output: OutputPlace;
  readonly capture?: OutputPlace;
  /** Variables of the job, which override those of the model; its settings (`MILLRACE_…`) are not among them. */
  readonly environment: Readonly<Record<string, string>>;
  /** One, or those of an inference pipeline in order, as the model had them then. */
  readonly containers: readonly ContainerDefinition[];
}

export interface OutputPlace {
  readonly uri: string;
  /** A key of the store for the encryption of what is written. */
  readonly kmsKeyId?: string;
}

export interface ContainerDefinition {
  /** Its name in a pipeline. */
  readonly name?: string;
  readonly image: string;
  readonly modelDataUrl?: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the service says that it is: the parts that its ARNs are made of. */
export interface Site {
  readonly region: string;
  /** 12 digits. */
  readonly account: string;
}

/** The original lower-cases what it names (api.md, observed shapes). */
export function modelArn({ region, account }: Site, name: string): string {
  return `arn:aws:sagemaker:${region}:${account}:model/${name.toLowerCase()}`;
}

export function transformJobArn({ region, account }: Site, name: string): string {
  return `arn:aws:sagemaker:${region}:${account}:transform-job/${name.toLowerCase()}`;
}

import type { S3Options } from '../objects/s3-store.ts';

/**
 * What the AWS CLI takes from the environment before it looks at a profile, where the SDK by itself differs: it does not
 * know AWS_DEFAULT_REGION, and ignores keys beside AWS_PROFILE.
 */
export function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Pick<S3Options, 'region' | 'credentials'> {
  const { AWS_REGION, AWS_DEFAULT_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = environment;
  const region = AWS_REGION || AWS_DEFAULT_REGION;
  const keys =
    AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY
      ? { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
      : undefined;
  return {
    ...(region ? { region } : {}),
    ...(keys ? { credentials: { ...keys, ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}) } } : {}),
  };
}

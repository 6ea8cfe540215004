import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checked } from './check.ts';
import { boolean, document, type Infer, integer, list, map, required, string, structure, timestamp } from './shape.ts';
import type { instanceTypes } from './tables/instance-types.ts';
import type { createTransformJobInput } from './tables/transform-jobs.ts';

/** `true` when both are the same type to the compiler, `readonly` and `?` included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const input = structure({
  Name: required(string({ max: 9 })),
  Kind: string({ oneOf: ['Small', 'Large'] }),
  Count: required(integer({ min: 1 })),
  Ready: boolean(),
  Since: timestamp(),
  Rest: document(),
  Labels: list(string({ max: 9 })),
  Parts: required(list(structure({ Id: required(string()), Note: string() }))),
  Variables: map(string({ max: 9 }), string({ oneOf: ['on', 'off'] })),
  Below: structure({ Flag: boolean() }),
});

test('the type of a request follows from its shape', () => {
  const same: Same<
    Infer<typeof input>,
    {
      readonly Name: string;
      readonly Count: number;
      readonly Parts: readonly { readonly Id: string; readonly Note?: string }[];
      readonly Kind?: 'Small' | 'Large';
      readonly Ready?: boolean;
      readonly Since?: number;
      readonly Rest?: Readonly<Record<string, unknown>>;
      readonly Labels?: readonly string[];
      readonly Variables?: Readonly<Record<string, 'on' | 'off'>>;
      readonly Below?: { readonly Flag?: boolean };
    }
  > = true;
  const resources: Same<
    Infer<typeof createTransformJobInput>['TransformResources'],
    {
      readonly InstanceType: (typeof instanceTypes)[number];
      readonly InstanceCount: number;
      readonly VolumeKmsKeyId?: string;
      readonly TransformAmiVersion?: string;
    }
  > = true;
  assert(same && resources);
});

test('a checked request has what was sent, and nothing else', () => {
  const rest = { any: [{ thing: null }] };
  const sent = {
    Name: 'n',
    Count: 1.0,
    Parts: [{ Id: 'p', Note: null, New: 1 }],
    Kind: null,
    Rest: rest,
    Other: {},
    Since: 0.5,
  };
  const request = checked(input, sent);
  assert.deepEqual(request, { Name: 'n', Count: 1, Parts: [{ Id: 'p' }], Rest: rest, Since: 500 });
  assert.equal(request.Rest, rest);
  assert(!('Kind' in request));
});
